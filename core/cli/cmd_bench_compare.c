/* mcdrop bench compare: whether a saved benchmark differs from an earlier one. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/bench/bench_file.h"
#include "core/bench/verdict.h"
#include "core/cli/bench_report.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"

#include <string.h>

enum { KEY_FORMAT = MCD_OPTION_OWN };

struct compare {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    const char *path[2];        /* earlier, later */
    enum mcd_format format;
};

/* The jobs that both files have, in the order of the later one. */
struct pairs {
    struct mcd_bench_file file[2];
    size_t count;
    const struct mcd_bench_record **job; /* of the later one */
    struct mcd_bench_change *change;
    size_t *order; /* scratch */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct compare *c = state->input;
    switch (key) {
    case KEY_FORMAT:
        c->format = mcd_bench_format(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "%s: expected two files", arg);
        c->path[state->arg_num] = arg;
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num != 2)
            argp_error(state, "expected two files that mcdrop bench --format json has printed");
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* Times of different clocks or numbers of threads say nothing of each other. */
static int check(const struct compare *c, const struct mcd_bench_file *a,
                 const struct mcd_bench_file *b, struct mcd_error *e)
{
    if (strcmp(a->clock, b->clock) != 0)
        return mcd_fail(e, MCD_INVALID, c->path[1],
                        "was measured with the %s clock, %s with the %s clock: expected the same",
                        b->clock, c->path[0], a->clock);
    if (a->threads != b->threads)
        return mcd_fail(e, MCD_INVALID, c->path[1],
                        "was measured on %lld threads, %s on %lld: expected as many",
                        (long long)b->threads, c->path[0], (long long)a->threads);
    if (strcmp(a->sampler, b->sampler) != 0)
        return mcd_fail(e, MCD_INVALID, c->path[1],
                        "was measured with sampler %s, %s with %s: expected the same", b->sampler,
                        c->path[0], a->sampler);
    if (strcmp(a->machine, b->machine) != 0)
        mcd_log(MCD_LOG_WARNING, "%s was measured on another machine: %s, not %s", c->path[1],
                b->machine, a->machine);
    if (strcmp(a->compiler, b->compiler) != 0)
        mcd_log(
            MCD_LOG_WARNING,
            "%s is of a program made by another compiler, which the yardstick feels: %s, not %s",
            c->path[1], b->compiler, a->compiler);
    return MCD_OK;
}

static int pair_up(struct pairs *p, const struct mcd_host *host, struct mcd_error *e)
{
    const struct mcd_bench_file *old = &p->file[0], *new = &p->file[1];
    p->job = mcd_host_zalloc(host, new->count * sizeof *p->job, e);
    p->change = mcd_host_zalloc(host, new->count * sizeof *p->change, e);
    p->order = mcd_host_zalloc(host, new->count * sizeof *p->order, e);
    if (!p->job || !p->change || !p->order)
        return MCD_NOMEM;
    for (size_t i = 0; i < new->count; i++) {
        const struct mcd_bench_record *b = &new->record[i], *a = mcd_bench_file_find(old, b);
        if (!a)
            continue;
        p->job[p->count] = b;
        p->change[p->count++] = mcd_bench_change(a->value, a->count, b->value, b->count);
    }
    mcd_bench_judge(p->change, p->count, p->order);
    if (p->count < new->count || p->count < old->count)
        mcd_log(MCD_LOG_WARNING,
                "%zu jobs of the earlier file and %zu of the later one are in one "
                "of them only",
                old->count - p->count, new->count - p->count);
    return p->count ? MCD_OK
                    : mcd_fail(e, MCD_INVALID, "",
                               "the two have no job in common: expected the same models, backends "
                               "and sizes");
}

static int print(const struct compare *c, const struct pairs *p, const struct mcd_host *host,
                 struct mcd_error *e)
{
    static const struct mcd_column columns[] = {
        {"model", 0},   {"job", 0},   {"op", 0},        {"shape", 0},      {"rows", 0},
        {"backend", 0}, {"ratio", 4}, {"ratio_low", 4}, {"ratio_high", 4}, {"verdict", 0}};
    struct mcd_table *t = mcd_table_create(host, columns, sizeof columns / sizeof *columns, e);
    if (!t)
        return MCD_NOMEM;
    for (size_t i = 0; i < p->count; i++) {
        const struct mcd_bench_record *job = p->job[i];
        const struct mcd_bench_change *change = &p->change[i];
        mcd_table_text(t, job->model);
        mcd_table_text(t, job->job);
        mcd_table_text(t, *job->op ? job->op : NULL);
        mcd_table_text(t, *job->shape ? job->shape : NULL);
        mcd_table_int(t, job->rows);
        mcd_table_text(t, job->backend);
        mcd_table_real(t, change->ratio);
        mcd_table_real(t, change->low);
        mcd_table_real(t, change->high);
        mcd_table_text(t, mcd_bench_word(change->verdict));
    }
    int status = mcd_table_print(t, c->format, stdout, e);
    mcd_table_destroy(t);
    return status;
}

static int compare(const struct compare *c, const struct mcd_host *host, size_t *slower,
                   struct mcd_error *e)
{
    struct pairs p = {0};
    int status = mcd_bench_file_load(host, c->path[0], &p.file[0], e);
    if (!status)
        status = mcd_bench_file_load(host, c->path[1], &p.file[1], e);
    if (!status)
        status = check(c, &p.file[0], &p.file[1], e);
    if (!status)
        status = pair_up(&p, host, e);
    if (!status)
        mcd_log(MCD_LOG_INFO,
                "the yardstick took %.4g times as long in %s as in %s; times are beside it",
                p.file[1].yardstick / p.file[0].yardstick, c->path[1], c->path[0]);
    if (!status)
        status = print(c, &p, host, e);
    for (size_t i = 0; i < p.count; i++)
        *slower += p.change[i].verdict == MCD_BENCH_SLOWER;
    host->release(host, p.job);
    host->release(host, p.change);
    host->release(host, p.order);
    mcd_bench_file_clear(&p.file[0]);
    mcd_bench_file_clear(&p.file[1]);
    return status;
}

int mcd_cmd_bench_compare(int argc, char **argv)
{
    static const struct argp_child children[] = {{&mcd_options_common, 0, NULL, -1}, {0}};
    static const struct argp_option own[] = {
        {"format", KEY_FORMAT, "text|csv|json|markdown", 0, "How the result is printed", 1}, {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .args_doc = "OLD.json NEW.json",
        .doc =
            "Says of each job of two saved benchmarks whether it became faster or slower, or that "
            "there is no difference that chance and the machine do not explain. The exit status "
            "is 1 if a job became slower.\v"
            "Example: mcdrop bench --format json >new.json; mcdrop bench compare old.json new.json",
        .children = children,
    };
    struct compare c = {.options = MCD_OPTIONS};
    struct mcd_error e = {0};
    size_t slower = 0;
    argp_parse(&argp, argc, argv, 0, NULL, &c);
    struct mcd_host *host = mcd_open_host(1);
    if (!host)
        return MCD_EXIT_FAILURE;
    int status = compare(&c, host, &slower, &e);
    mcd_host_destroy(host);
    return status ? mcd_report(&e) : slower ? MCD_EXIT_FAILURE : MCD_EXIT_OK;
}
