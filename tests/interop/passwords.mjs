// Hashes and compares with the Node side's bcrypt: [{"password", "hash"?}] on stdin; on stdout, for
// each, whether the hash is that of the password, or else a hash of it.

import { text } from 'node:stream/consumers'

import bcrypt from 'bcryptjs'

const answers = JSON.parse(await text(process.stdin)).map(({ password, hash }) =>
  hash ? bcrypt.compareSync(password, hash) : bcrypt.hashSync(password, 4),
)
console.log(JSON.stringify(answers))
