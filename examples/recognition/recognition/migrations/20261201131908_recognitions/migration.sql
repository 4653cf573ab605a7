-- CreateTable
CREATE TABLE "Recognition" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "signId" TEXT NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,
    "modelVersion" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Recognition_pkey" PRIMARY KEY (id)
);

-- CreateIndex
CREATE INDEX "Recognition_signId_idx" ON "Recognition" USING btree ("signId");

-- CreateIndex
CREATE INDEX "Recognition_userId_createdAt_idx" ON "Recognition" USING btree ("userId", "createdAt");

-- AddConstraint
ALTER TABLE "Recognition" ADD CONSTRAINT "Recognition_confidence_check" CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision)));

-- AddForeignKey
ALTER TABLE "Recognition" ADD CONSTRAINT "Recognition_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"(id) ON UPDATE CASCADE ON DELETE CASCADE;

-- AddForeignKey
ALTER TABLE "Recognition" ADD CONSTRAINT "Recognition_signId_fkey" FOREIGN KEY ("signId") REFERENCES "Sign"(id) ON UPDATE CASCADE ON DELETE CASCADE;
