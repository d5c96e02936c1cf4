/*
 * What every draw of the parameters predicts, draws side by side on threads: in closed form, or a
 * path.
 */
#include "conditional.h"

struct job {
    const struct mcd_gp_problem *problem;
    int64_t points;
    uint32_t count;
    const double *q;
    double *mean, *variance; /* [count][points]; or NULL, and instead */
    double *path;            /* [count][points], random from these two */
    uint64_t seed, first;
    struct mcd_gp_predictor **predictor; /* [workers] */
    int *status;                         /* [pieces] */
    struct mcd_error *error;             /* [pieces]: the first one's is reported */
};

static uint32_t pieces(const struct job *j)
{
    return (j->count + MCD_GP_PIECE - 1) / MCD_GP_PIECE;
}

static int one_draw(const struct job *j, uint32_t k, uint32_t worker, struct mcd_error *e)
{
    struct mcd_gp_predictor *p = j->predictor[worker];
    const double *q = j->q + (size_t)k * MCD_GP_PARAMS;
    struct mcd_stream s = mcd_stream(j->seed, 0, j->first + k, MCD_STREAM_PATH);
    if (!mcd_gp_goes_on(j->problem))
        return j->problem->host->fail(e, MCD_STOPPED, "gp", "stopped on request");
    return j->path ? mcd_gp_predictor_path(p, q, 0, &s, j->path + k * j->points, e)
                   : mcd_gp_predictor_at(p, MCD_GP_AUTO, q, j->mean + k * j->points,
                                         j->variance + k * j->points, e);
}

static void one_piece(void *arg, uint32_t i, uint32_t worker)
{
    const struct job *j = arg;
    uint32_t end = (i + 1) * MCD_GP_PIECE < j->count ? (i + 1) * MCD_GP_PIECE : j->count;
    j->status[i] = MCD_OK;
    for (uint32_t k = i * MCD_GP_PIECE; k < end && !j->status[i]; k++)
        j->status[i] = one_draw(j, k, worker, &j->error[i]);
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

static int run(struct job *j, const struct mcd_gp_points *points, struct mcd_error *e)
{
    const struct mcd_host *host = j->problem->host;
    j->points = points->count;
    int status = job_open(j, points, e);
    if (!status) {
        host->parallel(host, pieces(j), one_piece, j);
        status = job_status(j, e);
    }
    job_close(j);
    return status;
}

int mcd_gp_predict_draws(const struct mcd_gp_problem *problem, const struct mcd_gp_points *points,
                         uint32_t count, const double *q, double *mean, double *variance,
                         struct mcd_error *e)
{
    struct job j = {.problem = problem, .count = count, .q = q, .mean = mean, .variance = variance};
    return run(&j, points, e);
}

int mcd_gp_path_draws(const struct mcd_gp_problem *problem, const struct mcd_gp_points *points,
                      uint64_t seed, uint64_t first, uint32_t count, const double *q, double *path,
                      struct mcd_error *e)
{
    struct job j = {
        .problem = problem, .count = count, .q = q, .path = path, .seed = seed, .first = first};
    return run(&j, points, e);
}
