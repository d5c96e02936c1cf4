/* workers and concurrent: bits that must not depend on workers, repetitions and other plans. */
#include "core/check/backend_checks.h"

#include "core/check/conformance/step_trial.h"

#include <pthread.h>
#include <stdlib.h>

enum { REPEATS = 6, CLOSEST = 1 /* engine[1] has two workers */ };

static int any(const struct mcd_step_case *c)
{
    (void)c;
    return 1;
}

static size_t bytes_of(const struct mcd_step_case *c)
{
    return (size_t)mcd_step_results(c) * sizeof(double);
}

/* ---- workers ------------------------------------------------------------------------------- */

/* Runs twice; the first of all runs is what the others are held to. */
static int run_on(const struct mcd_step_trial *t, int host, double *first, double *results)
{
    struct mcd_placed_step p;
    if (mcd_step_place_in(&t->engine[host], t->of, t->key, &mcd_step_clean, &p, NULL))
        return MCD_STEP_REFUSED;
    int result = MCD_STEP_PASSED;
    for (int again = 0; again < 2 && result == MCD_STEP_PASSED; again++) {
        double *to = host || again ? results : first;
        if (mcd_step_execute(&p, to, NULL))
            result = MCD_STEP_REFUSED;
        else if (memcmp(to, first, bytes_of(t->of)) != 0)
            result = mcd_step_trial_fail(t, "the bits that 1 worker gives",
                                         "other bits on %d worker%s%s", host + 1, host ? "s" : "",
                                         again ? ", when it runs again" : "");
    }
    mcd_step_remove(&p);
    return result;
}

static int judge_workers(const struct mcd_step_trial *t)
{
    double *first = mcd_step_trial_room(t, 2);
    if (!first)
        return MCD_STEP_FAILED;
    int result = MCD_STEP_PASSED;
    for (int host = 0; host < MCD_STEP_HOSTS && result == MCD_STEP_PASSED; host++)
        result = run_on(t, host, first, first + mcd_step_results(t->of));
    free(first);
    return result;
}

void mcd_backend_check_workers(struct mcd_checking *c)
{
    mcd_step_trial_run(c, any, judge_workers);
}

/* ---- concurrent ----------------------------------------------------------------------------- */

struct runner {
    struct mcd_placed_step *step;
    double *first, *results; /* results: room for those of a repetition */
    int broken;
};

static void *run_repeatedly(void *arg)
{
    struct runner *r = arg;
    for (int i = 0; i < REPEATS && !r->broken; i++)
        r->broken = mcd_step_execute(r->step, r->results, NULL) ||
                    memcmp(r->results, r->first, bytes_of(r->step->of)) != 0;
    return NULL;
}

static int run_together(const struct mcd_step_trial *t, struct runner *mine, struct runner *other)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_repeatedly, other))
        return mcd_step_trial_fail(t, "a second thread", "none");
    run_repeatedly(mine);
    pthread_join(thread, NULL);
    if (mine->broken || other->broken)
        return mcd_step_trial_fail(t, "the bits that each gives alone",
                                   "two plans at the same time disturb each other");
    return MCD_STEP_PASSED;
}

/* The other plan, which was made after mine, runs before it, then beside it. */
static int run_in_turns(const struct mcd_step_trial *t, struct runner *mine, struct runner *other)
{
    if (mcd_step_execute(other->step, other->first, NULL) ||
        mcd_step_execute(mine->step, mine->results, NULL))
        return MCD_STEP_REFUSED;
    if (memcmp(mine->results, mine->first, bytes_of(t->of)) != 0)
        return mcd_step_trial_fail(t, "the bits that it gave before",
                                   "other bits after another plan was made and has run");
    return run_together(t, mine, other);
}

/* Another step with the same op, or where that is refused the same again. */
static int place_rival(const struct mcd_step_trial *t, struct mcd_placed_step *p)
{
    const struct mcd_engine *engine = &t->engine[CLOSEST];
    uint32_t key = t->key + 17;
    if (mcd_step_place_in(engine, t->rival, key, &mcd_step_clean, p, NULL) == MCD_OK)
        return MCD_STEP_PASSED;
    if (mcd_step_place_in(engine, t->of, key, &mcd_step_clean, p, NULL) == MCD_OK)
        return MCD_STEP_PASSED;
    return mcd_step_trial_fail(t, "a second plan beside a first one", "it cannot be made");
}

static int run_with_rival(const struct mcd_step_trial *t, struct mcd_placed_step *p, double *room)
{
    struct mcd_placed_step q;
    struct runner mine = {p, room, room + mcd_step_results(t->of), 0};
    if (mcd_step_execute(p, mine.first, NULL))
        return MCD_STEP_REFUSED;
    int result = place_rival(t, &q);
    if (result != MCD_STEP_PASSED)
        return result;
    double *other = malloc(2 * bytes_of(q.of));
    if (other) {
        struct runner rival = {&q, other, other + mcd_step_results(q.of), 0};
        result = run_in_turns(t, &mine, &rival);
    }
    free(other);
    mcd_step_remove(&q);
    return other ? result : mcd_step_trial_fail(t, "memory for the results", "none");
}

static int judge_concurrent(const struct mcd_step_trial *t)
{
    struct mcd_placed_step p;
    if (mcd_step_place_in(&t->engine[CLOSEST], t->of, t->key, &mcd_step_clean, &p, NULL))
        return MCD_STEP_REFUSED;
    double *room = mcd_step_trial_room(t, 2);
    int result = room ? run_with_rival(t, &p, room) : MCD_STEP_FAILED;
    free(room);
    mcd_step_remove(&p);
    return result;
}

void mcd_backend_check_concurrent(struct mcd_checking *c)
{
    mcd_step_trial_run(c, any, judge_concurrent);
}
