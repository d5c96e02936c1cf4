/* mcdrop bench samplers: what each sampler saves on a trained network, and which one to take. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/cli/bench_report.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/progress.h"
#include "core/cli/savings_report.h"
#include "core/cli/stop.h"
#include "core/plugin/search.h"
#include "core/stats/moments.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_INPUT = MCD_OPTION_OWN,
    KEY_SAMPLER,
    KEY_PASSES,
    KEY_REPLICATIONS,
    KEY_FORMAT,
    DEFAULT_PASSES = 128,
    DEFAULT_REPLICATIONS = 32,
    DEFAULT_ROWS = 100, /* of a data set */
    MOST_SAMPLERS = 32
};

struct bench {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    uint32_t replications;
    uint32_t samplers;
    const char *name[MOST_SAMPLERS]; /* as the user gave them, the yardstick first */
    int chosen;                      /* the user named samplers */

    struct mcd_session session;
    struct mcd_dataset data;
    struct mcd_list found;
    struct mcd_item *sampler[MOST_SAMPLERS];
    struct mcd_sampler_savings savings[MOST_SAMPLERS];
};

/* ---- what the user says ------------------------------------------------------------------ */

static void check(struct argp_state *state, const struct bench *b)
{
    if (!b->options.weights)
        argp_error(state,
                   "--weights is missing: expected a file that mcdrop train or PyTorch saved");
    if (b->options.input && b->options.data)
        argp_error(state, "--input and --data exclude each other");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct bench *b = state->input;
    switch (key) {
    case KEY_INPUT:
        b->options.input = arg;
        return 0;
    case KEY_SAMPLER:
        if (b->samplers == MOST_SAMPLERS)
            argp_error(state, "--sampler: expected at most %d", MOST_SAMPLERS - 1);
        b->name[b->samplers++] = arg;
        b->chosen = 1;
        return 0;
    case KEY_PASSES: /* one has no standard deviation */
        b->options.passes = mcd_option_int(state, "passes", arg, 2, (int64_t)MCD_MAX_PASSES);
        return 0;
    case KEY_REPLICATIONS:
        b->replications =
            (uint32_t)mcd_option_int(state, "replications", arg, MCD_LEAST_REPLICATIONS, 100000);
        return 0;
    case KEY_FORMAT:
        b->options.format = mcd_bench_format(state, arg);
        return 0;
    case ARGP_KEY_END:
        check(state, b);
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* ---- samplers ---------------------------------------------------------------------------- */

/* All that are found, where the user named none. */
static int find_samplers(struct bench *b)
{
    struct mcd_error e = {0};
    if (b->chosen)
        return MCD_EXIT_OK;
    if (mcd_search_list(b->session.host, MCD_SAMPLER, &b->found, &e))
        return mcd_report(&e);
    for (uint32_t i = 0; i < b->found.count && b->samplers < MOST_SAMPLERS; i++)
        b->name[b->samplers++] = b->found.item[i].name;
    return MCD_EXIT_OK;
}

/* By whatever name: the yardstick is there already, and others may be given twice. */
static int is_open(const struct bench *b, uint32_t count, const struct mcd_item *item)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(item->spec, b->sampler[i]->spec) == 0)
            return 1;
    return 0;
}

static int open_samplers(struct bench *b)
{
    uint32_t count = 1;
    int status = find_samplers(b);
    b->sampler[0] = b->session.sampler;
    for (uint32_t i = 1; !status && i < b->samplers; i++) {
        struct mcd_item *item;
        status = mcd_open_item(b->session.host, MCD_SAMPLER, b->name[i], &item);
        if (status)
            break;
        if (is_open(b, count, item)) {
            mcd_item_close(b->session.host, item);
            continue;
        }
        b->name[count] = b->name[i];
        b->sampler[count++] = item;
    }
    b->samplers = count;
    return status;
}

/* Errors can be printed only where there are several groups of passes to see them in. */
static void warn_of_few_groups(const struct bench *b)
{
    for (uint32_t i = 1; i < b->samplers; i++) {
        const struct mcd_sampler *api = b->sampler[i]->plugin->api;
        uint32_t group = api->group(b->sampler[i]->self);
        if ((uint64_t)b->options.passes < 2 * (uint64_t)group)
            mcd_log(MCD_LOG_WARNING,
                    "%s: fewer than two blocks of %" PRIu32 " in %" PRId64
                    " passes: expected --passes %" PRIu64 " or more for standard errors",
                    b->name[i], group, b->options.passes, 2 * (uint64_t)group);
    }
}

/* ---- running ----------------------------------------------------------------------------- */

/* A data set has thousands of rows, which would take hours and say nothing more. */
static void cut_rows(struct bench *b)
{
    const struct mcd_options *o = &b->options;
    if (o->rows || o->input || o->grid.count || b->data.x.dim[0] <= DEFAULT_ROWS)
        return;
    b->data.x.dim[0] = DEFAULT_ROWS;
    mcd_log(MCD_LOG_INFO, "the first %d rows of it; --rows says otherwise", DEFAULT_ROWS);
}

static int open_network(struct bench *b)
{
    struct mcd_session *s = &b->session;
    struct mcd_error e = {0};
    int status = mcd_session_open(s, &b->options, NULL);
    if (!status && mcd_model_has_fit(s->model)) {
        mcd_fail(&e, MCD_INVALID, "--weights",
                 "%s brings a posterior of its own, which no sampler draws from: expected a "
                 "network's",
                 s->model->plugin->name);
        return mcd_report_option(&e);
    }
    if (!status)
        status = mcd_session_read(s, MCD_TEST, &b->data);
    if (status)
        return status;
    cut_rows(b);
    status = mcd_session_build(s, &b->data);
    if (!status && mcd_network_check_stochastic(s->network, &e))
        return mcd_report_option(&e);
    return status;
}

static int measure(struct bench *b)
{
    struct mcd_error e = {0};
    struct mcd_progress progress;
    const struct mcd_savings job = {
        .network = b->session.network,
        .sampler = (const struct mcd_item *const *)b->sampler,
        .samplers = b->samplers,
        .x = b->data.x.data,
        .rows = b->data.x.dim[0],
        .seed = b->session.options.seed,
        .passes = (uint64_t)b->options.passes,
        .replications = b->replications,
        .stop = &mcd_stop,
        .progress = mcd_progress_step,
        .progress_arg = &progress,
    };
    mcd_stop_begin();
    mcd_progress_start(&progress, "replicating", "predictions", 0, 0);
    int status = mcd_savings_run(&job, b->savings, &e);
    mcd_progress_end(&progress);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

static int print(const struct bench *b)
{
    const struct mcd_savings_report report = {
        .session = &b->session,
        .rows = b->data.x.dim[0],
        .passes = b->options.passes,
        .replications = b->replications,
        .samplers = b->samplers,
        .name = b->name,
        .sampler = (const struct mcd_item *const *)b->sampler,
        .savings = b->savings,
    };
    return mcd_savings_print(&report, b->options.format);
}

/* ---- the command ------------------------------------------------------------------------- */

static int bench(struct bench *b)
{
    int status = open_network(b);
    if (!status)
        status = open_samplers(b);
    if (status)
        return status;
    if (b->samplers == 1)
        mcd_log(MCD_LOG_WARNING, "no sampler but the yardstick: nothing is compared");
    warn_of_few_groups(b);
    status = measure(b);
    return status ? status : print(b);
}

static void clear(struct bench *b)
{
    for (uint32_t i = 1; i < MOST_SAMPLERS; i++)
        mcd_item_close(b->session.host, b->sampler[i]);
    if (b->session.host)
        mcd_list_clear(b->session.host, &b->found);
    mcd_dataset_clear(&b->data);
    mcd_session_close(&b->session);
}

static const struct argp_option own[] = {
    {"input", KEY_INPUT, "FILE", 0, "Inputs in a file (NPY, IDX, CSV) instead of a data set", 1},
    {"sampler", KEY_SAMPLER, "SAMPLER", 0,
     "A sampler to look at, any number of times (default: all that are found)", 2},
    {"passes", KEY_PASSES, "N", 0, "Stochastic passes of a prediction (default: 128)", 2},
    {"replications", KEY_REPLICATIONS, "N", 0, "Predictions with other seeds (default: 32)", 2},
    {"format", KEY_FORMAT, "text|csv|json|markdown", 0, "How results are printed", 4},
    {0}};

int mcd_cmd_bench_samplers(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_weights, 0, NULL, 0},
        {&mcd_options_model, 0, NULL, 0},
        {&mcd_options_data, 0, NULL, 1},
        {&mcd_options_table, 0, NULL, 1},
        {&mcd_options_grid, 0, NULL, 1},
        {&mcd_options_rows, 0, NULL, 1},
        {&mcd_options_compute, 0, NULL, 3},
        {&mcd_options_common, 0, NULL, -1},
        {0},
    };
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .doc =
            "Says which sampler to take: how much less the mean and the standard deviation of a "
            "trained network's outputs vary than with as many independent passes (bernoulli), seen "
            "in predictions that are repeated with other seeds, and what a pass costs. Of a data "
            "set the first 100 rows are taken unless --rows says otherwise.\n\n"
            "saving says how many times smaller the variance is, per_second the same for as much "
            "processor time, cost the time of a pass beside bernoulli's, mcse_ratio the "
            "Monte-Carlo error that mcdrop predict prints over the one that was seen, 1 where it "
            "is right; each with its standard error.\v"
            "Example: mcdrop bench samplers --weights mcdrop-lenet/weights.safetensors",
        .children = children,
    };
    struct mcd_error e = {0};
    struct bench *b = calloc(1, sizeof *b);
    if (!b) {
        mcd_fail(&e, MCD_NOMEM, "", "not enough memory");
        return mcd_report(&e);
    }
    *b = (struct bench){.options = MCD_OPTIONS,
                        .replications = DEFAULT_REPLICATIONS,
                        .samplers = 1,
                        .name = {"bernoulli"}};
    b->options.passes = DEFAULT_PASSES;
    argp_parse(&argp, argc, argv, 0, NULL, b);
    mcd_stop_install();
    int status = bench(b);
    clear(b);
    free(b);
    return status;
}
