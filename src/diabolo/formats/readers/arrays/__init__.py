"""Named arrays in files: NumPy's and MATLAB's."""
