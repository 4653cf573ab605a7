// Runs Prisma's own schema engine: a JSON request on each line of stdin, its answer on one of stdout.
//
//   {"command": "deploy",   "url", "migrations"}            -> {"applied": [...]}
//   {"command": "diagnose", "url", "migrations"}            -> {"edited", "failed", "history", ...}
//   {"command": "dev",      "url", "migrations"}            -> {"tag": "createMigration" | "reset", ...}
//   {"command": "create",   "url", "migrations", "schema"}  -> {"script": "..."}  folder to schema
//   {"command": "diff",     "url", "schema"}                -> {"script": "..."}  database to schema
//   {"command": "push",     "url", "schema"}                -> {"steps": n}
//   {"command": "change",   "url", "schema", "force"}       -> {"steps", "warnings", "unexecutable"}
//   {"command": "applied" | "rolledBack", "url", "migrations", "name"} -> {}
//
// `migrations` and `schema` are paths. A failure is {"error": {"code", "message"}}.

import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum, bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg'

// Node 20 can't import a .wasm file by itself.
function loadEngine() {
  const require = createRequire(import.meta.url)
  const folder = dirname(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg'))
  const wasm = new WebAssembly.Module(readFileSync(join(folder, 'schema_engine_bg.wasm')))
  const instance = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': engineModule })
  engineModule.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  return engineModule.SchemaEngine
}

const CHAR_OID = 18
const TEXT_OID = 25
const NO_FILTERS = { externalTables: [], externalEnums: [] }

// The adapter does not know PostgreSQL's internal type "char", which the catalogs use; the engine
// reads such columns as characters.
function readingChars(queryable) {
  const reading = Object.create(queryable)
  reading.queryRaw = async (query) => {
    const places = []
    const marking = Object.create(queryable)
    marking.performIO = async (io) => {
      const result = await queryable.performIO(io)
      result.fields.forEach((field, place) => {
        if (field.dataTypeID !== CHAR_OID) return
        places.push(place)
        field.dataTypeID = TEXT_OID
      })
      return result
    }
    const result = await queryable.queryRaw.call(marking, query)
    for (const place of places) result.columnTypes[place] = ColumnTypeEnum.Character
    return result
  }
  reading.startTransaction = async (level) => readingChars(await queryable.startTransaction(level))
  return reading
}

function connectionParts(url) {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    host: hostname,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  }
}

// The adapter's own drops the database while it is still connected to it.
async function connectToShadowDatabase(factory, url) {
  const database = `prisma_migrate_shadow_db_${randomUUID()}`
  const outside = await factory.connect()
  await outside.executeScript(`CREATE DATABASE "${database}"`)
  const shadow = await new PrismaPg({ ...connectionParts(url), database }).connect()
  const disconnect = shadow.dispose.bind(shadow)
  shadow.dispose = async () => {
    await disconnect()
    await outside.executeScript(`DROP DATABASE "${database}" WITH (FORCE)`)
    await outside.dispose()
  }
  return shadow
}

// What is opened is closed after the answer: the engine holds its lock until then.
function adapterFor(url, opened) {
  const factory = new PrismaPg(connectionParts(url))
  return bindMigrationAwareSqlAdapterFactory({
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      opened.push(await factory.connect())
      return readingChars(opened.at(-1))
    },
    connectToShadowDb: async () => readingChars(await connectToShadowDatabase(factory, url)),
  })
}

function listMigrations(folder) {
  const baseDir = resolve(folder)
  const lockfile = join(baseDir, 'migration_lock.toml')
  const names = readdirSync(baseDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort((a, b) => a.localeCompare(b))
  return {
    baseDir,
    lockfile: {
      path: 'migration_lock.toml',
      content: existsSync(lockfile) ? readFileSync(lockfile, 'utf8') : null,
    },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(baseDir, name, 'migration.sql'), 'utf8') },
      },
    })),
  }
}

function readSchema(path) {
  return { files: [{ path, content: readFileSync(path, 'utf8') }] }
}

const commands = {
  async deploy(engine, request) {
    const migrationsList = listMigrations(request.migrations)
    const output = await engine.applyMigrations({ migrationsList, filters: NO_FILTERS })
    return { applied: output.appliedMigrationNames }
  },
  async diagnose(engine, request) {
    const output = await engine.diagnoseMigrationHistory({
      migrationsList: listMigrations(request.migrations),
      optInToShadowDatabase: false,
      filters: NO_FILTERS,
    })
    return {
      edited: output.editedMigrationNames,
      failed: output.failedMigrationNames,
      hasTable: output.hasMigrationsTable,
      history: output.history,
    }
  },
  async dev(engine, request) {
    const migrationsList = listMigrations(request.migrations)
    const output = await engine.devDiagnostic({ migrationsList, filters: NO_FILTERS })
    return output.action
  },
  async create(engine, request) {
    const output = await engine.diff({
      from: { tag: 'migrations', ...listMigrations(request.migrations) },
      to: { tag: 'schemaDatamodel', ...readSchema(request.schema) },
      script: true,
      exitCode: true,
      filters: NO_FILTERS,
    })
    return { script: output.stdout }
  },
  async diff(engine, request) {
    const schema = readSchema(request.schema)
    const output = await engine.diff({
      from: { tag: 'schemaDatasource', ...schema, configDir: '/' },
      to: { tag: 'schemaDatamodel', ...schema },
      script: true,
      exitCode: true,
      filters: NO_FILTERS,
    })
    return { script: output.stdout, differs: output.exitCode !== 0 }
  },
  async push(engine, request) {
    const schema = readSchema(request.schema)
    const output = await engine.schemaPush({ force: false, schema, filters: NO_FILTERS })
    return { steps: output.executedSteps }
  },
  async change(engine, request) {
    const schema = readSchema(request.schema)
    const force = request.force === 'True'
    const output = await engine.schemaPush({ force, schema, filters: NO_FILTERS })
    return {
      steps: output.executedSteps,
      warnings: output.warnings,
      unexecutable: output.unexecutable,
    }
  },
  async applied(engine, request) {
    const migrationsList = listMigrations(request.migrations)
    await engine.markMigrationApplied({ migrationName: request.name, migrationsList })
    return {}
  },
  async rolledBack(engine, request) {
    await engine.markMigrationRolledBack({ migrationName: request.name })
    return {}
  },
}

async function answer(request, Engine) {
  const datamodels = request.schema
    ? readSchema(request.schema).files.map((file) => [file.path, file.content])
    : undefined
  const opened = []
  try {
    const engine = await Engine.new({ datamodels }, () => {}, adapterFor(request.url, opened))
    return await commands[request.command](engine, request)
  } catch (error) {
    const { code = null, message = String(error) } = error
    return { error: { code, message } }
  } finally {
    await Promise.allSettled(opened.map((adapter) => adapter.dispose()))
  }
}

const Engine = loadEngine()
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line), Engine)))
}
process.exit(0)
