"""The service's HTTP interface."""

from fastapi import FastAPI

from recognition import recognitions
from recognition.recognitions import NewRecognition, RecognitionRecord
from triosigno_db.extending import coroutine
from triosigno_db.integrations.fastapi import ConnectionPerRequest, handle_errors, lifespan

app = FastAPI(title="Recognition", lifespan=lifespan(), dependencies=[ConnectionPerRequest])
handle_errors(app)

add_recognition = coroutine(recognitions.add_recognition)
list_recognitions = coroutine(recognitions.list_recognitions)


@app.post("/users/{user_id}/recognitions", status_code=201)
async def add(user_id: str, new: NewRecognition) -> RecognitionRecord:
    """Store a recognition."""
    return await add_recognition(user_id, new)


@app.get("/users/{user_id}/recognitions")
async def read(user_id: str) -> tuple[RecognitionRecord, ...]:
    """List the newest recognitions of a learner."""
    return await list_recognitions(user_id)
