/* Walks the lists of checks, runs each apart, and judges what came of it. */
#include "core/check/run.h"

#include "core/base/error.h"
#include "core/base/host.h"

#include <stdio.h>

const struct mcd_check *const mcd_check_lists[] = {mcd_checks_file,
                                                   mcd_checks_life,
                                                   mcd_checks_layer,
                                                   mcd_checks_sampler,
                                                   mcd_checks_model,
                                                   mcd_checks_backend,
                                                   NULL};

/* Without these there is nothing that others could look at. */
static const char *const foundations[] = {"load", "descriptor", "create", NULL};

static int is_among(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return 1;
    return 0;
}

/* ---- what is run --------------------------------------------------------------------------- */

/* Checks of the file are for whatever it turns out to be. */
static int applies(const struct mcd_check_order *o, const struct mcd_subject *s,
                   const struct mcd_check *list, const struct mcd_check *check)
{
    int wanted = !*o->only || is_among(o->only, check->name);
    if (list == mcd_checks_file)
        return wanted || !s->kind; /* they say why nothing else can be asked */
    return wanted && s->kind && check->kinds >> s->kind & 1;
}

static int check_names(const char *const *only, struct mcd_error *e)
{
    for (; *only; only++) {
        int known = 0;
        for (const struct mcd_check *const *list = mcd_check_lists; *list; list++)
            for (const struct mcd_check *c = *list; c->name; c++)
                known |= strcmp(c->name, *only) == 0;
        if (!known)
            return mcd_fail(e, MCD_INVALID, *only, "there is no such check: --list shows them");
    }
    return MCD_OK;
}

/* ---- what came of it ----------------------------------------------------------------------- */

/* What a plugin may not do in any check. */
static void judge_ending(struct mcd_checking *c, const struct mcd_isolated *how, double limit)
{
    const char *after = *how->printed ? ", after printing: " : "";
    switch (how->ending) {
    case MCD_RETURNED:
        return;
    case MCD_SIGNALLED:
        mcd_check_fail(c, how->doing, "no crash", "ended by signal %d, %s%s%s", how->code,
                       strsignal(how->code), after, how->printed);
        break;
    case MCD_EXITED:
        mcd_check_fail(c, how->doing, "a plugin never ends the process", "ended with status %d%s%s",
                       how->code, after, how->printed);
        break;
    case MCD_TIMED_OUT:
        mcd_check_fail(c, how->doing, "an end",
                       "none within %g s of processor time, nor in %d times as long%s%s", limit,
                       MCD_ISOLATE_PATIENCE, after, how->printed);
        mcd_check_remedy(c, "if it is slow and does not hang, --quick asks less of it");
        break;
    }
    mcd_check_remedy(c, "in a debugger: gdb -ex 'set follow-fork-mode child' --args mcdrop check "
                        "...; this check is the second process");
}

/* Whether both were ended alike, at the same op where both say at what. */
static int ended_alike(const struct mcd_isolated *a, const struct mcd_isolated *b)
{
    size_t word = strcspn(a->doing, " ");
    int same_place = !*a->doing || !*b->doing ||
                     (strncmp(a->doing, b->doing, word) == 0 && strcspn(b->doing, " ") == word);
    return a->ending == b->ending && a->code == b->code && same_place;
}

/* One mistake may end many checks: the first one tells it, the others say that it was that. */
static void find_like(const struct mcd_check_report *r, struct mcd_check_found *f)
{
    static const char *const word[] = {[MCD_SIGNALLED] = "crashes",
                                       [MCD_EXITED] = "ends the process",
                                       [MCD_TIMED_OUT] = "has no end"};
    for (uint32_t i = 0; i < r->count && !f->like; i++)
        if (!r->found[i].like && ended_alike(&r->found[i].how, &f->how))
            f->like = r->found[i].check;
    if (!f->like)
        return;
    mcd_check_note(&f->told, "%s as in %s", word[f->how.ending], f->like->name);
    *f->told.remedy = '\0';
}

/* The checks that are about this have said so already: then it is no news of the others. */
static int is_known(const struct mcd_check_report *r, const char *name)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (strcmp(r->found[i].check->name, name) == 0)
            return r->found[i].told.verdict == MCD_CHECK_FAILED;
    return 0;
}

static void judge_manners(struct mcd_check_report *r, struct mcd_check_found *f)
{
    int is_output = strcmp(f->check->name, "output") == 0;
    int is_threads = strcmp(f->check->name, "threads") == 0;
    if (*f->how.printed && !is_threads && !is_known(r, "output"))
        mcd_check_fail(&f->told, "", "nothing on standard output or standard error",
                       "it printed: %s", f->how.printed);
    if (f->how.threads && !is_output && !is_known(r, "threads"))
        mcd_check_fail(&f->told, "", "no thread is left when the plugin is gone",
                       "%u threads that it started go on", f->how.threads);
    if (f->told.verdict == MCD_CHECK_PASSED && f->told.cases == 0)
        mcd_check_fail(&f->told, "", "something that could be looked at",
                       "there was nothing to look at");
}

/* "output" and "threads" first, each of its own matter, so that the others know what those say. */
static void judge(struct mcd_check_report *r)
{
    static const char *const first[] = {"output", "threads", NULL};
    for (int turn = 0; turn < 2; turn++)
        for (uint32_t i = 0; i < r->count; i++)
            if (is_among(first, r->found[i].check->name) == !turn)
                judge_manners(r, &r->found[i]);
    for (uint32_t i = 0; i < r->count; i++)
        r->verdicts[r->found[i].told.verdict]++;
}

/* ---- running ------------------------------------------------------------------------------- */

static void run_told(void *arg)
{
    struct mcd_check_found *f = arg;
    f->check->run(&f->told);
}

/* The texts of a child whose memory the plugin may have spoilt, and nothing else of it. */
static void take(struct mcd_checking *to, const struct mcd_checking *from)
{
    const size_t begin = offsetof(struct mcd_checking, verdict);
    memcpy((char *)to + begin, (const char *)from + begin, sizeof *to - begin);
    to->where[sizeof to->where - 1] = to->expected[sizeof to->expected - 1] = '\0';
    to->seen[sizeof to->seen - 1] = to->remedy[sizeof to->remedy - 1] = '\0';
    if (to->verdict < MCD_CHECK_PASSED || to->verdict > MCD_CHECK_SKIPPED) {
        to->verdict = MCD_CHECK_PASSED;
        mcd_check_fail(to, "", "memory that is left alone", "the check's own record was spoilt");
    }
}

static int run_one(const struct mcd_check_order *o, const struct mcd_check_report *r,
                   struct mcd_check_found *f, struct mcd_error *e)
{
    struct mcd_check_found copy = *f;
    struct mcd_isolated how;
    if (o->on_check)
        o->on_check(o->arg, o->path, f->check->name);
    int status = mcd_isolate(run_told, &copy, sizeof copy, o->limit, &how, e);
    if (status != MCD_OK)
        return status;
    take(&f->told, &copy.told);
    f->how = how;
    if (how.ending == MCD_RETURNED)
        return MCD_OK;
    int failed_before = f->told.verdict == MCD_CHECK_FAILED;
    judge_ending(&f->told, &how, o->limit);
    if (!failed_before)
        find_like(r, f);
    return MCD_OK;
}

/* Why a check is not run at all; NULL if it is. */
static const char *hindrance(const struct mcd_check_report *r, const struct mcd_check *list)
{
    for (const char *const *name = foundations; *name; name++)
        if (is_known(r, *name))
            return *name;
    return list != mcd_checks_file && r->subject.device.code ? r->subject.device.text : NULL;
}

static int add(const struct mcd_check_order *o, const struct mcd_check *list,
               const struct mcd_check *check, struct mcd_check_report *r, struct mcd_error *e)
{
    struct mcd_check_found *found = mcd_host_grow(r->host, r->found, r->count, sizeof *r->found, e);
    if (!found)
        return MCD_NOMEM;
    r->found = found;
    const char *hindered = hindrance(r, list);
    struct mcd_check_found *f = &found[r->count];
    *f = (struct mcd_check_found){.check = check,
                                  .told = {.spec = r->subject.spec,
                                           .path = r->subject.path,
                                           .params = r->subject.params,
                                           .kind = r->subject.kind ? r->subject.kind : o->kind,
                                           .input = o->input,
                                           .seed = o->seed,
                                           .quick = o->quick,
                                           .verdict = MCD_CHECK_PASSED}};
    if (hindered && is_among(foundations, hindered))
        mcd_check_skip(&f->told, "not looked at: %s failed", hindered);
    else if (hindered)
        mcd_check_skip(&f->told, "no device: %s", hindered);
    else if (run_one(o, r, f, e) != MCD_OK)
        return e->code;
    r->count++;
    return MCD_OK;
}

static int run_lists(const struct mcd_check_order *o, struct mcd_check_report *r,
                     struct mcd_error *e)
{
    for (const struct mcd_check *const *list = mcd_check_lists; *list; list++)
        for (const struct mcd_check *c = *list; c->name; c++)
            if (applies(o, &r->subject, *list, c) && add(o, *list, c, r, e) != MCD_OK)
                return e->code;
    if (r->count == 0)
        return mcd_fail(e, MCD_INVALID, o->path,
                        "none of these checks is for it: --list shows "
                        "which are");
    judge(r);
    if (!r->subject.kind && !r->subject.device.code && !r->verdicts[MCD_CHECK_FAILED])
        return mcd_fail(e, MCD_UNSUPPORTED, o->path,
                        "it could not be loaded, although nothing is "
                        "wrong with its file");
    return MCD_OK;
}

int mcd_check_run(const struct mcd_host *host, const struct mcd_check_order *o,
                  struct mcd_check_report *r, struct mcd_error *e)
{
    *r = (struct mcd_check_report){.host = host};
    int path = snprintf(r->subject.path, sizeof r->subject.path, "%s", o->path);
    int params = snprintf(r->subject.params, sizeof r->subject.params, "%s", o->params);
    r->subject.kind = o->kind;
    if (path >= PATH_MAX || params >= PATH_MAX)
        return mcd_fail(e, MCD_INVALID, "", "path and parameters may have %d bytes each", PATH_MAX);
    int status = check_names(o->only, e);
    if (status == MCD_OK)
        status = mcd_subject_find(&r->subject, o->limit, e);
    return status == MCD_OK ? run_lists(o, r, e) : status;
}

void mcd_check_report_clear(struct mcd_check_report *r)
{
    r->host->release(r->host, r->found);
    *r = (struct mcd_check_report){0};
}
