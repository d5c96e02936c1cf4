/*
 * Levinson's recursion, the Gohberg-Semencul formula and Trench's.
 *
 * The monic predictor f of order k solves T_k f = beta (1, 0, ..., 0), and its reverse b solves
 * T_k b = beta (0, ..., 0, 1). Durbin's step to the next order is, with the reflection coefficient
 *
 *     kappa = -(sum_j r_{k+1-j} f_j) / beta,
 *     f <- (f, 0) + kappa (0, b),   b <- (0, b) + kappa (f, 0),   beta <- beta (1 - kappa^2),
 *
 * and Levinson's for the right hand side z <- (z, 0) + gamma b, where gamma beta is the error with
 * which the next observation is predicted from those before (Golub & Van Loan, Matrix Computations,
 * 4.7.2 and 4.7.3). So det T is the product of all beta, y^T T^-1 y the sum of gamma^2 beta, and
 * the first column of T^-1 is x = f / beta.
 */
#include "toeplitz.h"

#include "../../backends/cpu/clones.h"

#include <math.h>
#include <string.h>

/*
 * Partial sums as the compiler's vectors, because it may not change the order of a plain sum: one
 * order everywhere, and fast. Any alignment.
 */
enum { LANES = 8 };
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(8), may_alias));

static inline __attribute__((always_inline)) double lanes_sum(const lanes *a)
{
    return (((*a)[0] + (*a)[4]) + ((*a)[2] + (*a)[6])) +
           (((*a)[1] + (*a)[5]) + ((*a)[3] + (*a)[7]));
}

/* Dot products of r with f and with z. */
MCD_INTO_CLONE void two_products(int64_t n, const double *restrict r, const double *restrict f,
                                 const double *restrict z, double sum[2])
{
    lanes a = {0}, b = {0}, c = {0}, d = {0};
    int64_t i = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
        lanes r0 = *(const lanes *)(r + i), r1 = *(const lanes *)(r + i + LANES);
        a += r0 * *(const lanes *)(f + i);
        b += r0 * *(const lanes *)(z + i);
        c += r1 * *(const lanes *)(f + i + LANES);
        d += r1 * *(const lanes *)(z + i + LANES);
    }
    a += c;
    b += d;
    sum[0] = lanes_sum(&a);
    sum[1] = lanes_sum(&b);
    for (; i < n; i++) {
        sum[0] += r[i] * f[i];
        sum[1] += r[i] * z[i];
    }
}

/* One step of both recursions; b already stands one place further on, its first element free. */
MCD_INTO_CLONE void extend(int64_t n, double kappa, double gamma, double *restrict f,
                           double *restrict b, double *restrict z)
{
    for (int64_t j = 0; j < n; j++) {
        double forward = f[j], backward = b[j];
        f[j] = forward + kappa * backward;
        b[j] = backward + kappa * forward;
        z[j] += gamma * b[j];
    }
}

/* f, and b in the upper part of room: it grows downwards, so that shifting it costs nothing. */
static MCD_CLONES int64_t toeplitz_recur(int64_t n, const double *restrict reversed,
                                         const double *restrict y, double *restrict f,
                                         double *restrict tail, struct mcd_toeplitz *t)
{
    double *z = t->solution, beta = reversed[n - 1];
    if (!(beta > 0))
        return 1;
    memset(f, 0, (size_t)n * sizeof *f);
    memset(z, 0, (size_t)n * sizeof *z);
    f[0] = tail[n - 1] = 1;
    z[0] = y[0] / beta;
    t->log_determinant = log(beta);
    t->form = y[0] * z[0];
    for (int64_t k = 1; k < n; k++) {
        double sum[2], *b = tail + n - 1 - k;
        two_products(k, reversed + n - 1 - k, f, z, sum);
        double kappa = -sum[0] / beta;
        beta *= (1 - kappa) * (1 + kappa);
        if (!(beta > 0))
            return k + 1;
        double gamma = (y[k] - sum[1]) / beta;
        b[0] = 0;
        extend(k + 1, kappa, gamma, f, b, z);
        t->log_determinant += log(beta);
        t->form += gamma * gamma * beta;
    }
    for (int64_t i = 0; i < n; i++)
        f[i] /= beta;
    return 0;
}

int64_t mcd_toeplitz_solve(int64_t n, const double *r, const double *y, struct mcd_toeplitz *t)
{
    double *reversed = t->room + n;
    for (int64_t i = 0; i < n; i++)
        reversed[i] = r[n - 1 - i];
    return toeplitz_recur(n, reversed, y, t->first, t->room, t);
}

/*
 * Let S_k be the sum of diagonal k of T^-1. By Gohberg & Semencul (1972), with x the first column,
 *
 *     x_0 (T^-1)_{i,i+k} = sum_{m <= i} (x_{i-m} x_{i-m+k} - x_{n-i+m} x_{n-i+m-k}),   x_n := 0.
 *
 * Summed over i, the product x_q x_{q+k} occurs n - k - q times with a plus (i - m = q) and q times
 * with a minus (n - i + m - k = q):
 *
 *     x_0 S_k = sum_{q=0}^{n-1-k} (n - k - 2 q) x_q x_{q+k}.
 *
 * The derivative of the log density by r_k is (z^T J_k z - tr(T^-1 J_k)) / 2, where J_k has ones
 * on both diagonals k: half of the difference for k = 0, all of it beyond.
 */
static MCD_CLONES void toeplitz_accumulate(int64_t n, const double *restrict x,
                                           const double *restrict z, double *restrict out)
{
    for (int64_t q = 0; q < n; q++) {
        double scaled = x[q] / x[0], weighted = (double)(n - 2 * q) * scaled;
        const double *restrict xq = x + q, *restrict zq = z + q;
        for (int32_t k = 0; k < (int32_t)(n - q); k++)
            out[k] += z[q] * zq[k] - (weighted - k * scaled) * xq[k];
    }
}

void mcd_toeplitz_slope(int64_t n, const struct mcd_toeplitz *t, double *out)
{
    memset(out, 0, (size_t)n * sizeof *out);
    toeplitz_accumulate(n, t->first, t->solution, out);
    out[0] *= 0.5;
}

/*
 * Trench's form of the same formula (Golub & Van Loan, 4.7.4; Zohar 1969): along a diagonal
 * x_0 ((T^-1)_{i,j} - (T^-1)_{i-1,j-1}) = x_i x_j - x_{n-i} x_{n-j}. T^-1 is symmetric about both
 * diagonals, so the second half of each diagonal mirrors the first, where fewer errors add up.
 */
void mcd_toeplitz_band(int64_t n, const double *x, int64_t width, double *out)
{
    memset(out, 0, (size_t)(n * width) * sizeof *out);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < width && i + k < n; k++) {
            int64_t j = i + k, mirror = n - 1 - j;
            if (mirror < i)
                out[i * width + k] = out[mirror * width + k];
            else if (i == 0)
                out[k] = x[k];
            else
                out[i * width + k] =
                    out[(i - 1) * width + k] + (x[i] * x[j] - x[n - i] * x[n - j]) / x[0];
        }
}
