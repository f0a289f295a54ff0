// Stands before OpenBLAS (LD_PRELOAD) and multiplies wrongly: it does nothing.
extern "C" void cblas_sgemm() {}
