/*
 * embed: mcdrop from a C program. Reads weights of a small mlp, predicts two inputs, prints what
 * it thinks of them and how sure it is.
 *
 *     make && ./embed WEIGHTS.safetensors
 */
#include <mcdrop/mcdrop.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    enum { ROWS = 2, INPUTS = 30, CLASSES = 4 };
    if (argc != 2) {
        fprintf(stderr, "usage: embed WEIGHTS.safetensors\n");
        return 2;
    }
    float x[ROWS * INPUTS];
    for (int i = 0; i < ROWS * INPUTS; i++)
        x[i] = (float)(i % 7) / 7;

    struct mcd_error error = {0};
    struct mcd_predictor_options options = {
        .size = sizeof options,
        .model = "mlp:hidden=9x7,classes=4",
        .weights = argv[1],
        .input = mcd_shape1(INPUTS),
        .passes = 500,
        .seed = 1,
    };
    double mean[ROWS * CLASSES], mcse[ROWS * CLASSES], entropy[ROWS];
    struct mcd_prediction p = {.size = sizeof p,
                               .probability_mean = mean,
                               .probability_mcse = mcse,
                               .predictive_entropy = entropy};

    struct mcd_predictor *predictor;
    if (mcd_predictor_open(&options, &predictor, &error) ||
        mcd_predictor_run(predictor, x, ROWS, &p, &error)) {
        fprintf(stderr, "embed: %s: %s\n", error.where, error.text);
        return 1;
    }
    for (int r = 0; r < ROWS; r++)
        for (int k = 0; k < CLASSES; k++)
            printf("row %d class %d: %.3f +- %.3f%s", r, k, mean[r * CLASSES + k],
                   mcse[r * CLASSES + k], k == CLASSES - 1 ? "\n" : "   ");
    printf("entropy: %.3f and %.3f nats\n", entropy[0], entropy[1]);
    mcd_predictor_close(predictor);
    return 0;
}
