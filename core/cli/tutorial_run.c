/* The tutorial's steps, each in a child. */
#include "core/cli/tutorial_run.h"

#include "core/base/error.h"
#include "core/cli/child.h"
#include "core/cli/exit.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/io/file.h"
#include "core/io/place.h"
#include "core/tutorial/stamp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4400 };

/* What the lines of progress need to know. */
struct clock {
    const struct mcd_steps *steps;
    const struct mcd_step *step; /* that runs */
    size_t number, of;           /* of those that are to be run */
    double started;              /* the step */
    double expected, took;       /* of the steps that were run: their costs, and the truth */
    int has_no_device;           /* as one of them said: no other one can do better */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- folders ----------------------------------------------------------------------------- */

static int make_folder(const char *path, struct mcd_error *e)
{
    struct stat about;
    if (mkdir(path, 0777) == 0 ||
        (errno == EEXIST && stat(path, &about) == 0 && S_ISDIR(about.st_mode)))
        return MCD_OK;
    return mcd_fail(e, MCD_IO, mcd_place_file(path).text, "the folder cannot be made: %s",
                    strerror(errno));
}

int mcd_tutorial_folders(const char *dir)
{
    static const char *const name[] = {"runs", "results", "figures", "data", "logs", "steps"};
    struct mcd_error e = {0};
    char path[PATH_SIZE];
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, name[i]);
        if (make_folder(path, &e))
            return mcd_report(&e);
    }
    return MCD_EXIT_OK;
}

/* ---- progress ---------------------------------------------------------------------------- */

/* What is left, by the steps' costs and how they have been kept so far. */
static double seconds_left(const struct clock *c)
{
    double left = 0, ran = now() - c->started;
    double pace = c->expected > 5 ? c->took / c->expected : 1;
    for (const struct mcd_step *s = c->step; s < c->steps->step + c->steps->count; s++)
        if (s->state == MCD_STEP_OPEN)
            left += s->cost * pace;
    return left > ran ? left - ran : 0;
}

static const char *show_left(double seconds, char text[40])
{
    if (seconds < 90)
        snprintf(text, 40, "about %.0f s", seconds);
    else if (seconds < 5400)
        snprintf(text, 40, "about %.0f min", seconds / 60);
    else
        snprintf(text, 40, "about %.1f h", seconds / 3600);
    return text;
}

static void show_line(void *arg, const char *line)
{
    const struct clock *c = arg;
    char left[40], status[400];
    snprintf(status, sizeof status, "[%zu/%zu] %s, %s left: %s", c->number, c->of, c->step->id,
             show_left(seconds_left(c), left), line);
    mcd_log_status(status);
    mcd_log(MCD_LOG_DEBUG, "%s: %s", c->step->id, line);
}

/* ---- one step ---------------------------------------------------------------------------- */

static void remove_outputs(const struct mcd_step *step, const char *dir)
{
    char path[PATH_SIZE];
    for (unsigned i = 0; i < step->outputs; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, step->output[i]);
        unlink(path);
    }
}

/* A training whose checkpoint is of this very step; one of another is set aside by train itself. */
static int can_resume(const struct mcd_step *step, const char *dir, enum mcd_stamp stamp)
{
    char path[PATH_SIZE];
    if (!step->trains || stamp == MCD_STAMP_NONE)
        return 0;
    for (unsigned i = 0; i < step->outputs; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, step->output[i]);
        if (strstr(path, ".safetensors") && access(path, F_OK) == 0)
            return 1;
    }
    return 0;
}

/* The words as run; freed by the caller, with their count. */
static int make_words(const struct mcd_steps *s, const struct mcd_step *step, const char *dir,
                      int resume, char *word[MCD_STEP_WORDS + 1], size_t *count)
{
    char text[PATH_SIZE];
    *count = 0;
    for (unsigned i = 0; i < step->words; i++) {
        if (!mcd_step_expand(s, &step->word[i], dir, text, sizeof text))
            continue;
        if (!(word[*count] = strdup(text)))
            return MCD_NOMEM;
        ++*count;
    }
    if (resume && !(word[(*count)++] = strdup("--resume")))
        return --*count, MCD_NOMEM;
    return MCD_OK;
}

/* With standard output going to a file that appears when the command is done. */
static int call(struct mcd_step *step, const char *dir, struct mcd_child *child,
                const char *const *word, size_t words, int *status, struct mcd_error *e)
{
    char path[PATH_SIZE];
    struct mcd_output out = {0};
    snprintf(path, sizeof path, "%s/%s", dir, step->outputs ? step->output[0] : "");
    if (step->captures && mcd_output_open(&out, path, e))
        return e->code;
    child->out = out.stream;
    int failed = mcd_child_run(child, word, words, status, e);
    int is_good = *status == 0 || (step->has_verdict && *status == MCD_EXIT_FAILURE);
    struct stat about;
    if (step->captures && !failed && is_good && fstat(fileno(out.stream), &about) == 0 &&
        about.st_size > 0)
        failed = mcd_output_commit(&out, e);
    mcd_output_abort(&out);
    return failed;
}

static int has_outputs(const struct mcd_step *step, const char *dir)
{
    char path[PATH_SIZE];
    int all = 1;
    for (unsigned i = 0; i < step->outputs; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, step->output[i]);
        all &= access(path, F_OK) == 0;
    }
    return all;
}

static int run_child(const struct mcd_steps *s, struct mcd_step *step, const char *dir, int resume,
                     struct clock *clock, int *status, struct mcd_error *e)
{
    char *word[MCD_STEP_WORDS + 1], log[PATH_SIZE], title[8192];
    size_t words;
    struct mcd_child child = {.log = log, .title = title, .on_line = show_line, .arg = clock};
    snprintf(log, sizeof log, "%s/logs/%s.log", dir, step->id);
    mcd_step_show(s, step, dir, title, sizeof title);
    if (!resume)
        unlink(log);
    int failed = make_words(s, step, dir, resume, word, &words);
    if (failed)
        mcd_fail(e, MCD_NOMEM, step->id, "no memory for its words");
    else
        failed = call(step, dir, &child, (const char *const *)word, words, status, e);
    while (words > 0)
        free(word[--words]);
    mcd_log_status(NULL);
    if (!failed && step->has_verdict && *status == MCD_EXIT_FAILURE && has_outputs(step, dir))
        mcd_fail(e, MCD_IO, step->id, "the verdict on its chains is bad, its results are kept: %s",
                 log);
    else if (!failed && *status != 0)
        mcd_fail(e, MCD_IO, step->id, "%s (%s %d; all of it is in %s)",
                 *child.last ? child.last : "said nothing", *status > 0 ? "status" : "signal",
                 *status > 0 ? *status : -*status, log);
    return failed;
}

/* Runs it and writes its stamps; a failure is the step's, with the reason in `e`. */
static void carry_out(struct mcd_steps *s, struct mcd_step *step, const char *dir,
                      const char *identity, enum mcd_stamp stamp, struct clock *clock,
                      struct mcd_error *e)
{
    int status = 0, resume = can_resume(step, dir, stamp);
    if (!step->trains)
        remove_outputs(step, dir);
    int failed = mcd_stamp_write(step, dir, identity, MCD_STAMP_STARTED, e);
    if (!failed)
        failed = run_child(s, step, dir, resume, clock, &status, e);
    clock->has_no_device |= status == MCD_EXIT_DEVICE;
    step->seconds = now() - clock->started;
    step->is_bad = step->has_verdict && status == MCD_EXIT_FAILURE && has_outputs(step, dir);
    if (!failed && !step->is_bad && status == 0 && !has_outputs(step, dir))
        failed = mcd_fail(e, MCD_IO, step->id, "it left no %s", step->output[0]);
    if (!failed && (status == 0 || step->is_bad))
        failed = mcd_stamp_write(step, dir, identity, MCD_STAMP_DONE, e);
    else
        failed = 1;
    step->state = failed ? MCD_STEP_FAILED : MCD_STEP_DONE;
}

/* ---- all of them ------------------------------------------------------------------------- */

/*
 * The step that one waits for in vain; NULL: none. Steps that can do without some of their files
 * need one of them.
 */
static const struct mcd_step *find_missing(const struct mcd_steps *s, const struct mcd_step *step)
{
    const struct mcd_step *missing = NULL;
    int options = 0, there = 0;
    for (unsigned i = 0; i < step->words; i++) {
        const struct mcd_word *w = &step->word[i];
        const struct mcd_step *maker = w->file ? mcd_steps_maker(s, w->file) : NULL;
        options += maker && w->optional;
        there += maker && w->optional && mcd_step_is_there(maker);
        if (maker && !w->optional && !mcd_step_is_there(maker))
            return maker;
        if (maker && w->optional)
            missing = maker;
    }
    return options && !there ? missing : NULL;
}

static void report_failure(struct mcd_steps *s, struct mcd_step *step, const struct mcd_error *e)
{
    char line[sizeof e->where + sizeof e->text + 4];
    snprintf(line, sizeof line, "%s: %s", e->where, e->text);
    step->reason = mcd_steps_text(s, "%s", line);
    mcd_log_error(e);
}

static void settle(struct mcd_steps *s, struct mcd_step *step, const struct mcd_tutorial *t,
                   struct clock *clock)
{
    struct mcd_error e = {0};
    const struct mcd_step *missing = find_missing(s, step);
    if (missing) {
        if (step->state == MCD_STEP_OPEN && missing->state != MCD_STEP_UNWANTED)
            step->reason = mcd_steps_text(s, "needs %s", missing->id);
        step->state = step->reason ? MCD_STEP_BLOCKED : MCD_STEP_UNWANTED;
        return;
    }
    char *identity = mcd_stamp_identity(s, step, t->dir, &e);
    enum mcd_stamp stamp = identity ? mcd_stamp_read(step, t->dir, identity) : MCD_STAMP_NONE;
    if (stamp == MCD_STAMP_DONE) {
        step->state = MCD_STEP_SKIPPED;
    } else if (step->state == MCD_STEP_OPEN) {
        clock->step = step;
        clock->started = now();
        if (identity)
            carry_out(s, step, t->dir, identity, stamp, clock, &e);
        else
            step->state = MCD_STEP_FAILED;
        clock->expected += step->cost;
        clock->took += step->seconds;
        if (mcd_child_interrupted())
            step->state = step->state == MCD_STEP_FAILED ? MCD_STEP_OPEN : step->state;
        else if (step->state == MCD_STEP_FAILED || step->is_bad)
            report_failure(s, step, &e);
    }
    free(identity);
}

/* One line for what was done, with the time that is left. */
static void tell(const struct clock *c, const struct mcd_step *step)
{
    char left[40] = "", more[60] = "";
    if (seconds_left(c) > 0)
        snprintf(more, sizeof more, ", %s left", show_left(seconds_left(c), left));
    if (step->state == MCD_STEP_DONE)
        mcd_log(MCD_LOG_INFO, "[%zu/%zu] %s: %.1f s%s", c->number, c->of, step->id, step->seconds,
                more);
    else if (step->state == MCD_STEP_BLOCKED)
        mcd_log(MCD_LOG_WARNING, "[%zu/%zu] %s: not done, it %s", c->number, c->of, step->id,
                step->reason);
    else if (step->state == MCD_STEP_UNWANTED)
        mcd_log(MCD_LOG_INFO, "[%zu/%zu] %s: left out, nothing that it shows is there", c->number,
                c->of, step->id);
}

int mcd_tutorial_run(struct mcd_steps *s, const struct mcd_tutorial *t)
{
    struct clock clock = {.steps = s, .step = s->step, .started = now()};
    size_t skipped = 0;
    for (size_t i = 0; i < s->count; i++)
        clock.of += s->step[i].state == MCD_STEP_OPEN;
    mcd_child_watch();
    for (size_t i = 0; i < s->count && !mcd_child_interrupted() && !clock.has_no_device; i++) {
        struct mcd_step *step = &s->step[i];
        int is_wanted = step->state == MCD_STEP_OPEN;
        clock.number += (size_t)is_wanted;
        settle(s, step, t, &clock);
        skipped += is_wanted && step->state == MCD_STEP_SKIPPED;
        clock.started = now();
        if (is_wanted)
            tell(&clock, step);
    }
    if (skipped)
        mcd_log(MCD_LOG_INFO, "%zu of %zu steps were done before", skipped, clock.of);
    if (clock.has_no_device)
        return MCD_EXIT_DEVICE;
    return mcd_child_interrupted() ? MCD_EXIT_INTERRUPTED : MCD_EXIT_OK;
}
