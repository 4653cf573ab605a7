// Reads rows with Prisma's own client: {"url", "users": [id], "modules": [id]} on stdin; on stdout
// what JSON.stringify makes of each, a line a row, in the order asked for, then all progress,
// sessions and earned achievements.

import { text } from 'node:stream/consumers'

import { PrismaPg } from '@prisma/adapter-pg'
import client from '@prisma/client'

const request = JSON.parse(await text(process.stdin))
const adapter = new PrismaPg({ connectionString: request.url })
const prisma = new client.PrismaClient({ adapter })

for (const id of request.users) {
  const include = { userPreferences: true }
  console.log(JSON.stringify(await prisma.user.findUnique({ where: { id }, include })))
}
for (const id of request.modules) {
  const orderBy = { order: 'asc' }
  const lessonSigns = { include: { sign: true }, orderBy }
  const include = { lessons: { include: { lessonSigns }, orderBy } }
  console.log(JSON.stringify(await prisma.module.findUnique({ where: { id }, include })))
}
for (const row of await prisma.progress.findMany()) console.log(JSON.stringify(row))
for (const row of await prisma.learningSession.findMany({ orderBy: { startTime: 'asc' } })) {
  console.log(JSON.stringify(row))
}
const include = { achievement: true }
for (const row of await prisma.userAchievement.findMany({ include })) console.log(JSON.stringify(row))
await prisma.$disconnect()
