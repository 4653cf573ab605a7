// Times reading with Prisma's own client and JSON.stringify: {"url", "user": [id], "tree": [id],
// "page": [number]} on stdin; on stdout the median of each in milliseconds.

import { text } from 'node:stream/consumers'

import { PrismaPg } from '@prisma/adapter-pg'
import client from '@prisma/client'

const WARM_UP = 50

const request = JSON.parse(await text(process.stdin))
const adapter = new PrismaPg({ connectionString: request.url })
const prisma = new client.PrismaClient({ adapter })

const orderBy = { order: 'asc' }
const lessonSigns = { include: { sign: true }, orderBy }
const readers = {
  user: (id) => prisma.user.findUnique({
    where: { id }, include: { userPreferences: true }, omit: { password: true },
  }),
  tree: (id) => prisma.module.findUnique({
    where: { id }, include: { lessons: { include: { lessonSigns }, orderBy } },
  }),
  page: (take) => prisma.sign.findMany({ take, orderBy: { name: 'asc' } }),
}

function median(numbers) {
  const sorted = numbers.sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]
}

const medians = {}
for (const [name, read] of Object.entries(readers)) {
  const times = []
  for (const value of [...request[name].slice(0, WARM_UP), ...request[name]]) {
    const started = performance.now()
    JSON.stringify(await read(value))
    times.push(performance.now() - started)
  }
  medians[name] = median(times.slice(WARM_UP))
}
console.log(JSON.stringify(medians))
await prisma.$disconnect()
