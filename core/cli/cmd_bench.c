/* mcdrop bench: models on backends side by side. Its parts have files of their own. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/number.h"
#include "core/bench/trimmed.h"
#include "core/cli/bench_report.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/cli/progress.h"
#include "core/plugin/search.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEY_BACKEND = MCD_OPTION_OWN,
    KEY_MODEL,
    KEY_BATCH,
    KEY_ROWS,
    KEY_INPUT,
    KEY_ROUNDS,
    KEY_TIME,
    KEY_CLOCK,
    KEY_OPS,
    KEY_THREADS,
    KEY_SEED,
    KEY_FORMAT
};

enum { MOST = 64 }; /* models, and backends */

struct bench {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    const char *backend[MOST], *model[MOST];
    uint32_t backends, models, rounds;
    struct mcd_bench_case like; /* what all models share */
    enum mcd_format format;
};

static void add(struct argp_state *state, const char *arg, const char **list, uint32_t *count)
{
    if (*count == MOST)
        argp_error(state, "%s: expected at most %d of these", arg, MOST);
    list[(*count)++] = arg;
}

/* "28x28", "1x28x28", "7" */
static struct mcd_shape parse_shape(struct argp_state *state, const char *arg)
{
    struct mcd_shape shape = {0};
    char text[100], *rest = text;
    snprintf(text, sizeof text, "%s", arg);
    for (char *one; shape.rank < MCD_MAX_RANK && (one = strsep(&rest, "x")); shape.rank++) {
        int64_t *dim = &shape.dim[shape.rank];
        if (mcd_number_int(one, dim) != MCD_NUMBER_OK || *dim < 1 || *dim > 1 << 20)
            argp_error(state, "--input: '%s': expected the shape of a row, such as 28x28", arg);
    }
    if (rest)
        argp_error(state, "--input: '%s': expected at most %d dimensions", arg, MCD_MAX_RANK);
    return shape;
}

static clockid_t parse_clock(struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "cpu") == 0)
        return CLOCK_PROCESS_CPUTIME_ID;
    if (strcmp(arg, "wall") != 0)
        argp_error(state, "--clock: '%s': expected wall or cpu", arg);
    return CLOCK_MONOTONIC;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct bench *b = state->input;
    switch (key) {
    case KEY_BACKEND:
        add(state, arg, b->backend, &b->backends);
        return 0;
    case KEY_MODEL:
        add(state, arg, b->model, &b->models);
        return 0;
    case KEY_BATCH:
        b->like.batch = (uint32_t)mcd_option_int(state, "batch", arg, 1, 1 << 20);
        return 0;
    case KEY_ROWS:
        b->like.rows = mcd_option_int(state, "rows", arg, 1, 1 << 24);
        return 0;
    case KEY_INPUT:
        b->like.input = parse_shape(state, arg);
        return 0;
    case KEY_ROUNDS:
        b->rounds = (uint32_t)mcd_option_int(state, "rounds", arg, 1, MCD_TRIMMED_MOST);
        return 0;
    case KEY_TIME:
        b->like.seconds = mcd_option_real(state, "time", arg, "(0, 3600]");
        return 0;
    case KEY_CLOCK:
        b->like.clock = parse_clock(state, arg);
        return 0;
    case KEY_OPS:
        b->like.ops = 1;
        return 0;
    case KEY_THREADS:
        b->like.threads = (uint32_t)mcd_option_int(state, "threads", arg, 1, 4096);
        return 0;
    case KEY_SEED:
        b->like.seed = (uint64_t)mcd_option_int(state, "seed", arg, 0, INT64_MAX);
        return 0;
    case KEY_FORMAT:
        b->format = mcd_bench_format(state, arg);
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* Every backend that is found, the one that commands take by default first. */
static int list_backends(const struct mcd_host *host, struct mcd_list *list,
                         struct mcd_bench *bench, struct mcd_error *e)
{
    struct mcd_options usual = MCD_OPTIONS;
    int status = mcd_search_list(host, MCD_BACKEND, list, e);
    if (!status)
        status = mcd_options_choose_backend(host, &usual, e);
    for (uint32_t pass = 0; !status && pass < 2; pass++)
        for (uint32_t i = 0; i < list->count && bench->backends < MOST; i++)
            if ((strcmp(list->item[i].name, usual.backend) == 0) == !pass)
                bench->backend[bench->backends++] = list->item[i].name;
    bench->may_drop = 1;
    return status;
}

/* The product first, then the models, each at its own sizes. */
static int list_models(const struct bench *b, struct mcd_bench *bench, struct mcd_error *e)
{
    static const char *const usual[] = {"mlp", "lenet", "mlp2"};
    enum { USUAL = sizeof usual / sizeof *usual, PRODUCT_ROWS = 2048 };
    uint32_t count = b->models ? b->models : USUAL;
    int status = MCD_OK;
    bench->of = mcd_host_zalloc(bench->host, (count + 1) * sizeof *bench->of, e);
    if (!bench->of)
        return MCD_NOMEM;
    bench->models = count + 1;
    for (uint32_t i = 0; i < bench->models; i++)
        bench->of[i] = b->like;
    bench->of[0].model = MCD_BENCH_PRODUCT;
    bench->of[0].batch = PRODUCT_ROWS;
    for (uint32_t i = 0; !status && i < count; i++) {
        bench->of[i + 1].model = b->models ? b->model[i] : usual[i];
        status = mcd_bench_case_settle(bench->host, &bench->of[i + 1], e);
    }
    return status;
}

static void show(void *arg, uint64_t done, uint64_t of)
{
    (void)of;
    mcd_progress_update(arg, done, NULL);
}

/* Exit statuses: what cannot be tried is an option that is wrong. */
static int run(const struct bench *b, struct mcd_bench *bench)
{
    struct mcd_progress progress;
    struct mcd_error e = {0};
    if (mcd_bench_prepare(bench, &e))
        return mcd_report_option(&e);
    uint32_t wrong = mcd_bench_complain(bench);
    uint64_t all = (uint64_t)bench->rounds * bench->models * bench->backends;
    mcd_progress_start(&progress, "measuring", "measurements", all, 0);
    bench->progress = show;
    bench->arg = &progress;
    int status = mcd_bench_run(bench, &e);
    mcd_progress_end(&progress);
    if (!status)
        status = mcd_bench_print(bench, b->format, &e);
    if (!status && wrong)
        status = mcd_fail(&e, MCD_INVALID, "results", "%u of them differ: see above", wrong);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

static int bench(struct bench *b, const struct mcd_host *host)
{
    struct mcd_error e = {0};
    struct mcd_list found = {0};
    struct mcd_bench bench = {.host = host, .rounds = b->rounds, .backends = b->backends};
    b->like.sampler = b->options.sampler ? b->options.sampler : "bernoulli";
    if (!b->like.threads)
        b->like.threads = host->workers;
    bench.backend = mcd_host_zalloc(host, MOST * sizeof *bench.backend, &e);
    int status = bench.backend ? list_models(b, &bench, &e) : MCD_NOMEM;
    if (!status && b->backends)
        memcpy(bench.backend, b->backend, b->backends * sizeof *b->backend);
    else if (!status)
        status = list_backends(host, &found, &bench, &e);
    status = status ? mcd_report_option(&e) : run(b, &bench);
    mcd_bench_clear(&bench);
    mcd_list_clear(host, &found);
    return status;
}

static const struct argp_option own[] = {
    {"backend", KEY_BACKEND, "BACKEND", 0,
     "What computes; several times for several, the first is what the others are compared with "
     "(default: all that are found and not far slower than the fastest)",
     0},
    {"model", KEY_MODEL, "MODEL", 0,
     "What is computed, several times for several (default: mlp, lenet, mlp2)", 0},
    {"input", KEY_INPUT, "SHAPE", 0,
     "Shape of a row, such as 28x28 (default: that of the model's own data)", 1},
    {"batch", KEY_BATCH, "N", 0, "Rows of a training step (default: the recipe's)", 1},
    {"rows", KEY_ROWS, "N", 0, "Rows of a pass (default: 12 images, 523 points of a series)", 1},
    {"rounds", KEY_ROUNDS, "N", 0, "Times that everything is measured (default: 20)", 2},
    {"time", KEY_TIME, "SECONDS", 0, "How long one measurement takes, about (default: 0.1)", 2},
    {"clock", KEY_CLOCK, "wall|cpu", 0,
     "Time that passes, or the processors' (default: wall); cpu with --threads 1 is steadier where "
     "other programs run",
     2},
    {"ops", KEY_OPS, NULL, 0, "Look at training and passes op by op", 2},
    {"threads", KEY_THREADS, "N", 0, "Threads to use (default: one per CPU)", 3},
    {"seed", KEY_SEED, "N", 0, "Seed of weights, masks and the order in a round (default: 1)", 3},
    {"format", KEY_FORMAT, "text|csv|json|markdown", 0,
     "How results are printed; json has every sample, to be compared", 4},
    {0},
};

int mcd_cmd_bench(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_sampler, 0, NULL, 1}, {&mcd_options_common, 0, NULL, -1}, {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .args_doc = "\ncompare OLD.json NEW.json\nsamplers --weights FILE",
        .doc =
            "Measures models on backends side by side: a training step and a Monte-Carlo pass, in "
            "rounds, beside a product of 2048 x 2048 matrices. Before that results are compared; "
            "where they differ by more than rounding the exit status is 1.\v"
            "Example: mcdrop bench --backend openblas --backend onednn --model lenet",
        .children = children,
    };
    enum { ROUNDS = 20 };
    struct bench b = {.options = MCD_OPTIONS,
                      .rounds = ROUNDS,
                      .like = {.seed = 1, .seconds = 0.1, .clock = CLOCK_MONOTONIC}};
    if (argc > 1 && argv[1][0] != '-')
        return mcd_command_run(argv[0], mcd_bench_parts, argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &b);
    struct mcd_host *host = mcd_open_host(0);
    if (!host)
        return MCD_EXIT_FAILURE;
    int status = bench(&b, host);
    mcd_host_destroy(host);
    return status;
}
