"""The kernels' speed, recorded and compared."""
