// Reads a schema as Prisma does: one JSON request on stdin, one JSON answer on stdout.
//
//   {"version": 6 | 7, "files": [[path, text], ...]} -> {"error": text | null, "models", "enums"}

import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

const require = createRequire(import.meta.url)
const { version, files } = JSON.parse(await text(process.stdin))
const prisma = require(`prisma-${version}-schema`)

const answer = { error: null, models: [], enums: [] }
try {
  const request = JSON.stringify({ prismaSchema: files, noColor: true })
  prisma.validate(request)
  const { models, enums } = JSON.parse(prisma.get_dmmf(request)).datamodel
  Object.assign(answer, { models, enums })
} catch (error) {
  answer.error = JSON.parse(error.message).message
}
console.log(JSON.stringify(answer))
