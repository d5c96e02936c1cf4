/* What every draw of the parameters predicts, draws side by side on threads. */
#include "conditional.h"

enum { PIECE = 16 }; /* draws that a thread takes at a time */

struct job {
    const struct mcd_gp_problem *problem;
    int64_t points;
    uint32_t count;
    const double *q;
    double *mean, *variance;
    struct mcd_gp_predictor **predictor; /* [workers] */
    int *status;                         /* [pieces] */
    struct mcd_error *error;             /* [pieces]: the first one's is reported */
};

static uint32_t pieces(const struct job *j)
{
    return (j->count + PIECE - 1) / PIECE;
}

static void one_piece(void *arg, uint32_t i, uint32_t worker)
{
    const struct job *j = arg;
    const struct mcd_gp_problem *p = j->problem;
    j->status[i] = MCD_OK;
    for (uint32_t k = i * PIECE; k < j->count && k < (i + 1) * PIECE && !j->status[i]; k++)
        j->status[i] =
            mcd_gp_goes_on(p)
                ? mcd_gp_predictor_at(j->predictor[worker], MCD_GP_AUTO,
                                      j->q + (size_t)k * MCD_GP_PARAMS, j->mean + k * j->points,
                                      j->variance + k * j->points, &j->error[i])
                : p->host->fail(&j->error[i], MCD_STOPPED, "gp", "stopped on request");
}

static int job_open(struct job *j, const struct mcd_gp_points *points, struct mcd_error *e)
{
    const struct mcd_host *host = j->problem->host;
    j->predictor = host->alloc(host, host->workers * sizeof *j->predictor);
    j->status = host->alloc(host, pieces(j) * sizeof *j->status);
    j->error = host->alloc(host, pieces(j) * sizeof *j->error);
    if (j->predictor)
        memset(j->predictor, 0, host->workers * sizeof *j->predictor);
    if (!j->predictor || !j->status || !j->error)
        return host->fail(e, MCD_NOMEM, "gp", "out of memory: %u draws", j->count);
    memset(j->error, 0, pieces(j) * sizeof *j->error);
    int status = MCD_OK;
    for (uint32_t i = 0; !status && i < host->workers; i++)
        status = mcd_gp_predictor_create(j->problem, points, &j->predictor[i], e);
    return status;
}

static void job_close(struct job *j)
{
    const struct mcd_host *host = j->problem->host;
    for (uint32_t i = 0; j->predictor && i < host->workers; i++)
        mcd_gp_predictor_destroy(j->predictor[i]);
    host->release(host, j->predictor);
    host->release(host, j->status);
    host->release(host, j->error);
}

/* The first failed piece's, so that the message does not depend on threads. */
static int job_status(const struct job *j, struct mcd_error *e)
{
    for (uint32_t i = 0; i < pieces(j); i++)
        if (j->status[i])
            return j->problem->host->fail(e, j->status[i], j->error[i].where, "%s",
                                          j->error[i].text);
    return MCD_OK;
}

int mcd_gp_predict_draws(const struct mcd_gp_problem *problem, const struct mcd_gp_points *points,
                         uint32_t count, const double *q, double *mean, double *variance,
                         struct mcd_error *e)
{
    struct job j = {.problem = problem,
                    .points = points->count,
                    .count = count,
                    .q = q,
                    .mean = mean,
                    .variance = variance};
    int status = job_open(&j, points, e);
    if (!status) {
        problem->host->parallel(problem->host, pieces(&j), one_piece, &j);
        status = job_status(&j, e);
    }
    job_close(&j);
    return status;
}
