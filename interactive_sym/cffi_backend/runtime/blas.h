/* Library functions reached through ctx->lib, in the order of library.py.
 *
 * Each entry is NULL when no library was found: test it, and keep a loop for that case.
 *
 *   isym_gemm_d *gemm = (isym_gemm_d *)ctx->lib[ISYM_DGEMM];
 *   if (gemm) gemm(ISYM_ROW_MAJOR, ISYM_NO_TRANS, ISYM_NO_TRANS, m, n, k, 1.0, a, k, b, n, 0.0, c, n);
 *
 * Integers are 64 bits wide (the "ILP64" interface), so no product of sizes overflows on the way in.
 */
#ifndef ISYM_BLAS_H
#define ISYM_BLAS_H

#include <stdint.h>

enum { ISYM_ROW_MAJOR = 101, ISYM_COL_MAJOR = 102 };
enum { ISYM_NO_TRANS = 111, ISYM_TRANS = 112, ISYM_CONJ_TRANS = 113 };
enum { ISYM_UPPER = 121, ISYM_LOWER = 122 };
enum { ISYM_NON_UNIT = 131, ISYM_UNIT = 132 };
enum { ISYM_LEFT = 141, ISYM_RIGHT = 142 };

enum {
  ISYM_DGEMM, ISYM_SGEMM, ISYM_ZGEMM, ISYM_CGEMM,
  ISYM_DGEMV, ISYM_SGEMV, ISYM_ZGEMV, ISYM_CGEMV,
  ISYM_DGER, ISYM_SGER,
  ISYM_DDOT, ISYM_SDOT,
  ISYM_DAXPY, ISYM_SAXPY,
  ISYM_DSYRK, ISYM_SSYRK,
  ISYM_DTRSM, ISYM_STRSM,
  ISYM_DPOTRF, ISYM_SPOTRF, ISYM_DGETRF, ISYM_SGETRF, ISYM_DGETRS, ISYM_SGETRS, /* LAPACK: types in linalg.h */
  ISYM_LIB_COUNT
};

typedef int64_t isym_int;

/* c <- alpha op(a) op(b) + beta c, with op(a) (m, k), op(b) (k, n), c (m, n) */
typedef void isym_gemm_d(int order, int trans_a, int trans_b, isym_int m, isym_int n, isym_int k, double alpha, const double *a,
                         isym_int lda, const double *b, isym_int ldb, double beta, double *c, isym_int ldc);
typedef void isym_gemm_s(int order, int trans_a, int trans_b, isym_int m, isym_int n, isym_int k, float alpha, const float *a,
                         isym_int lda, const float *b, isym_int ldb, float beta, float *c, isym_int ldc);
/* the same for complex numbers, whose alpha and beta are passed by address */
typedef void isym_gemm_z(int order, int trans_a, int trans_b, isym_int m, isym_int n, isym_int k, const void *alpha, const void *a,
                         isym_int lda, const void *b, isym_int ldb, const void *beta, void *c, isym_int ldc);

/* y <- alpha op(a) x + beta y, with a (m, n) */
typedef void isym_gemv_d(int order, int trans, isym_int m, isym_int n, double alpha, const double *a, isym_int lda, const double *x,
                         isym_int incx, double beta, double *y, isym_int incy);
typedef void isym_gemv_s(int order, int trans, isym_int m, isym_int n, float alpha, const float *a, isym_int lda, const float *x,
                         isym_int incx, float beta, float *y, isym_int incy);
typedef void isym_gemv_z(int order, int trans, isym_int m, isym_int n, const void *alpha, const void *a, isym_int lda, const void *x,
                         isym_int incx, const void *beta, void *y, isym_int incy);

/* a <- alpha x y' + a, with a (m, n) */
typedef void isym_ger_d(int order, isym_int m, isym_int n, double alpha, const double *x, isym_int incx, const double *y, isym_int incy,
                        double *a, isym_int lda);
typedef void isym_ger_s(int order, isym_int m, isym_int n, float alpha, const float *x, isym_int incx, const float *y, isym_int incy,
                        float *a, isym_int lda);

/* x' y */
typedef double isym_dot_d(isym_int n, const double *x, isym_int incx, const double *y, isym_int incy);
typedef float isym_dot_s(isym_int n, const float *x, isym_int incx, const float *y, isym_int incy);

/* y <- alpha x + y */
typedef void isym_axpy_d(isym_int n, double alpha, const double *x, isym_int incx, double *y, isym_int incy);
typedef void isym_axpy_s(isym_int n, float alpha, const float *x, isym_int incx, float *y, isym_int incy);

/* c <- alpha op(a) op(a)' + beta c, one triangle of c (n, n) */
typedef void isym_syrk_d(int order, int uplo, int trans, isym_int n, isym_int k, double alpha, const double *a, isym_int lda,
                         double beta, double *c, isym_int ldc);
typedef void isym_syrk_s(int order, int uplo, int trans, isym_int n, isym_int k, float alpha, const float *a, isym_int lda, float beta,
                         float *c, isym_int ldc);

/* b <- alpha op(a)^-1 b (left) or alpha b op(a)^-1 (right), a triangular */
typedef void isym_trsm_d(int order, int side, int uplo, int trans, int diag, isym_int m, isym_int n, double alpha, const double *a,
                         isym_int lda, double *b, isym_int ldb);
typedef void isym_trsm_s(int order, int side, int uplo, int trans, int diag, isym_int m, isym_int n, float alpha, const float *a,
                         isym_int lda, float *b, isym_int ldb);

#endif
