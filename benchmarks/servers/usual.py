"""The usual inference server: FastAPI, a pandas frame a request, a DMatrix a frame.

    BENCH_MODEL=model.ubj uvicorn benchmarks.servers.usual:app --workers 2

Written as the guides write it, to be measured against; not to be used.
"""

import io
import os

import pandas as pd
import xgboost
from fastapi import FastAPI, Request

app = FastAPI()
booster = xgboost.Booster()
booster.load_model(os.environ["BENCH_MODEL"])
booster.set_param({"nthread": 1})


@app.get("/ping")
def ping() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.post("/invocations")
async def invocations(request: Request) -> dict[str, list[float]]:
    """Score the rows of a CSV body without header."""
    frame = pd.read_csv(io.BytesIO(await request.body()), header=None)
    return {"predictions": booster.predict(xgboost.DMatrix(frame.values)).tolist()}
