/* Exponentials of one line of k logits, shared by softmax and cross entropy. */
#ifndef CPU_SOFTMAX_H
#define CPU_SOFTMAX_H

#include <stdint.h>

/* y[i] = total e^x[i] / sum of all e^x[j] */
void mcd_softmax_line(float *y, const float *x, int64_t k, double total);

double mcd_log_sum_exp(const float *x, int64_t k);

#endif
