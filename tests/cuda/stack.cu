/* A kernel with a stack, because it indexes what else would be registers: what tests have to find. */
__global__ void stack_kernel(float *x, int n)
{
    float turned[32];
    for (int i = 0; i < n; i++)
        turned[(i * 7) & 31] = x[i];
    for (int i = 0; i < n; i++)
        x[i] = turned[(int)x[i] & 31];
}
