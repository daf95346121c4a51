"""Writes the files of cells in tests/files/cells, with the libraries that people write them with.

    for each of    anndata==0.6.22.post1 pandas==1.5.3 numpy==1.23.5 scipy==1.10.1 h5py==3.9.0
                   anndata==0.7.8        pandas==1.5.3 numpy==1.23.5 scipy==1.10.1 h5py==3.9.0
                   anndata==0.11.4       pandas==2.3.3 numpy==2.4.6  scipy==1.17.1 h5py==3.16.0
                   anndata==0.12.6       pandas==2.3.3 numpy==2.4.6  scipy==1.17.1 h5py==3.16.0
    in a Python 3.11 with these:  python tests/files/write_cells.py

The last one also writes the .mtx files, in the layout of 10x. An .h5ad is mostly empty, so it is packed.
"""

import gzip
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.io
import scipy.sparse as sp

warnings.simplefilter("ignore")  # of old versions
FOLDER = Path(__file__).parent / "cells"
VERSION = version("anndata").removesuffix(".post1")
NEW = not VERSION.startswith(("0.6", "0.7"))

n, d = 8, 5
counts = np.random.default_rng(0).poisson(0.8, (n, d)).astype("f4")  # cells x genes
counts[3] = 0
names = ["TBCE", "ACTB", "TBCE", "MATR3", "CD3"]
genes = pd.DataFrame({"gene_ids": [f"ENSG{j}" for j in range(d)]}, index=names)
kinds = pd.Categorical(["T", "B", None, "B", "T", "B", "T", "B"], categories=["T", "NK", "B"])
cells = pd.DataFrame({"cell_type": kinds, "doublet": [False, True] * 4, "size": counts.sum(1)})
cells.index = [f"AAAC{i}-1" for i in range(n)]
if NEW:
    cells["checked"] = pd.array([True, None, False, True] * 2, dtype="boolean")

whole = ad.AnnData(sp.csr_matrix(counts), cells.copy(), genes.copy())
form = {"0.6.22": sp.csr_matrix, "0.7.8": sp.csc_matrix, "0.11.4": np.asarray, "0.12.6": getattr(sp, "csr_array", None)}[
    VERSION
]
some = ad.AnnData(form(np.log1p(counts[:, :4])), cells, genes.iloc[:4])  # as after a choice of genes
some.layers["counts"] = (sp.csc_array if NEW else sp.csr_matrix)(counts[:, :4])
some.raw = whole
some.obsm["X_pca"] = np.arange(2.0 * n).reshape(n, 2)
some.uns["about"] = {"k": 3}
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "cells.h5ad")
    (some.write_h5ad if hasattr(some, "write_h5ad") else some.write)(path)
    Path(FOLDER, f"anndata-{VERSION}.h5ad.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))

if VERSION == "0.12.6":

    def write(name, text):
        Path(FOLDER, name).write_bytes(gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text.encode())

    def matrix(name, X, **how):
        with tempfile.TemporaryDirectory() as folder:
            scipy.io.mmwrite(Path(folder, "m.mtx"), X, **how)
            write(name, Path(folder, "m.mtx").read_text())

    kinds = ["Gene Expression"] * 4 + ["Antibody Capture"]
    features = pd.DataFrame({"id": genes["gene_ids"], "name": names, "type": kinds})
    tsv = {"sep": "\t", "header": False, "index": False, "lineterminator": "\n"}
    matrix("GSM1_matrix.mtx.gz", sp.csc_matrix(counts.astype(int).T))  # by cells, as 10x
    write("GSM1_features.tsv.gz", features.to_csv(**tsv))
    write("GSM1_barcodes.tsv.gz", cells.index.to_frame().to_csv(**tsv))
    matrix("cells_x_genes.mtx", sp.csr_matrix(counts.astype(int)))  # cells x genes, as kallisto | bustools
    write("cells_x_genes.genes.txt", genes["gene_ids"].to_frame().to_csv(**tsv))
    write("cells_x_genes.barcodes.txt", cells.index.to_frame().to_csv(**tsv))
    matrix("pattern.mtx", sp.csr_matrix(counts > 0), field="pattern")
    matrix("dense.mtx", np.log1p(counts).astype(float))
    square = np.arange(9.0).reshape(3, 3)
    matrix("symmetric.mtx", sp.csr_matrix(square + square.T), symmetry="symmetric")
    matrix("dense-skew.mtx", square - square.T, symmetry="skew-symmetric")
    matrix("skew.mtx", sp.csr_matrix(square - square.T), symmetry="skew-symmetric")
    matrix("unsigned.mtx", sp.csr_matrix(np.array([[2**64 - 1, 0]], np.uint64)))
