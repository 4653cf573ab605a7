"""The structure that is read from a `schema.prisma` is that of the tables which Prisma makes."""

import json
from pathlib import Path

from tests.interop.node import NEEDS_NODE
from tests.plain_sql import run_plain
from tests.processes import run_process
from tests.schema.node_schema import files
from triosigno_db.compatibility.from_catalog import from_catalog
from triosigno_db.compatibility.from_prisma import from_prisma
from triosigno_db.migrator.session import open_reading_session
from triosigno_db.settings import Settings

pytestmark = NEEDS_NODE

SCHEMA = """
datasource db {
  provider = "postgresql"
}

enum Role {
  ADMIN
  GUEST @map("guest")

  @@map("user_role")
}

model Account {
  key       String   @id(map: "account_key") @default(uuid())
  mail      String   @unique @map("e-mail")
  role      Role     @default(GUEST)
  roles     Role[]
  maybe     Role?
  updated   DateTime @updatedAt
  tags      String[] @default(["a", "b"])
  words     String[]
  posts     Post[]
  written   Post[]   @relation("by")
  edited    Post[]   @relation("edits")
  settings  Settings?

  @@map("users")
}

model Settings {
  account   Account @relation(fields: [accountId], references: [key], onDelete: NoAction)
  accountId String  @id
}

model Post {
  first    Int
  second   BigInt   @default(autoincrement())
  ownerKey String?  @map("owner")
  owner    Account? @relation(fields: [ownerKey], references: [key])
  byKey    String
  by       Account  @relation("by", fields: [byKey], references: [key], onDelete: Cascade, map: "x")
  editor   String
  edits    Account  @relation("edits", fields: [editor], references: [mail], onUpdate: Restrict)

  @@id([first, second])
  @@unique([ownerKey, byKey(sort: Desc)])
  @@unique([editor, first], name: "client", map: "database")
  @@index([byKey, first(sort: Desc)], map: "newest")
  @@index([editor], type: Hash)
}

model Types {
  id          Int      @id @default(autoincrement())
  int         Int      @default(3)
  small       Int      @db.SmallInt
  oid         Int      @db.Oid
  big         BigInt
  float       Float
  real        Float    @db.Real
  decimal     Decimal
  numeric     Decimal  @db.Decimal(10, 2)
  money       Decimal  @db.Money
  boolean     Boolean  @default(true)
  bytes       Bytes
  json        Json     @default("{}")
  plainJson   Json     @db.Json
  text        String   @default("it's")
  cuid        String   @default(cuid())
  varchar     String   @db.VarChar
  short       String   @db.VarChar(20)
  char        String   @db.Char(3)
  uuid        String   @default(dbgenerated("gen_random_uuid()")) @db.Uuid
  xml         String   @db.Xml
  inet        String   @db.Inet
  bit         String   @db.Bit(3)
  varbit      String   @db.VarBit(3)
  timestamp   DateTime @default(now())
  precise     DateTime @db.Timestamp(6)
  vague       DateTime @db.Timestamp(0)
  zoned       DateTime @db.Timestamptz(3)
  anyZone     DateTime @db.Timestamptz
  date        DateTime @db.Date
  time        DateTime @db.Time(3)
  timetz      DateTime @db.Timetz(3)
  point       Unsupported("point")?
}
"""


def test_a_schema_is_read_as_prisma_creates_it(
    node_folder: Path, tmp_path: Path, empty_url: str
) -> None:
    path = tmp_path / "schema.prisma"
    path.write_text(SCHEMA, "utf-8")
    ended = run_process(
        ["node", "prisma_engine.mjs"],
        cwd=node_folder,
        input=json.dumps({"command": "diff", "url": empty_url, "schema": str(path)}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    run_plain(empty_url, json.loads(ended.stdout)["script"])
    with open_reading_session(Settings.load(empty_url)) as session:
        created = from_catalog(session.read_catalog())
    (file,) = files(SCHEMA)
    read = from_prisma([file])
    assert file.schema.skipped == ()
    assert read.enums == created.enums
    assert read.tables == created.tables
