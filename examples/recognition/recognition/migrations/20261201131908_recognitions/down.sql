-- DropForeignKey
ALTER TABLE "Recognition" DROP CONSTRAINT "Recognition_userId_fkey";

-- DropForeignKey
ALTER TABLE "Recognition" DROP CONSTRAINT "Recognition_signId_fkey";

-- DropTable
DROP TABLE "Recognition";
