/*
 * Symmetric positive definite Toeplitz matrices: solution, determinant and inverse in O(n^2) time
 * and O(n) memory. Knows nothing of what the matrix means.
 */
#ifndef GP_TOEPLITZ_H
#define GP_TOEPLITZ_H

#include <stdint.h>

/*
 * Results for T_ij = r_|i-j| of order n. All arrays are the caller's: n doubles each, `room` 2 n.
 */
struct mcd_toeplitz {
    double *first;    /* first column of T^-1; its first element is positive */
    double *solution; /* T^-1 y */
    double *room;
    double log_determinant, form; /* form: y^T T^-1 y */
};

/* 0, or the order of the first leading minor that is not positive to rounding. */
int64_t mcd_toeplitz_solve(int64_t n, const double *r, const double *y, struct mcd_toeplitz *t);

/*
 * out[k] = derivative by r_k of -(y^T T^-1 y + log det T) / 2, what the logarithm of a normal
 * density has of it.
 */
void mcd_toeplitz_slope(int64_t n, const struct mcd_toeplitz *t, double *out);

/*
 * Diagonals 0 .. width - 1 of T^-1: out[i * width + k] = (T^-1)_{i,i+k}, where i + k < n; what
 * lies beyond is set to 0.
 */
void mcd_toeplitz_band(int64_t n, const double *first, int64_t width, double *out);

#endif
