"""A fitted model over a table that is larger than memory, on one machine or on many.

    Applied(model, "encode")         an Arrow table -> an Arrow table, row for row; it can be sent to other processes, and
                                     each of them reads the model once
    run(model, data, "codes/")       a Parquet file of the results for each part of the data

A part of the results is whole or not there, and notes of which rows and of which model it is: a second run goes on where the
first one ended. Which parts a process does follows from its number: RANK and WORLD_SIZE as torchrun sets them, or what
srun says, and the array of Slurm. Rows keep their order: the parts of the results, sorted by name, are those of the data.
"""

from __future__ import annotations

from .applied import Applied, check_sep, predicted, tagged
from .run import Done, run
from .units import shard

__all__ = ["Applied", "Done", "check_sep", "predicted", "run", "shard", "tagged"]
