/* Parsers of the shared options. */
#include "core/cli/options.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/cli/log.h"
#include "core/plugin/domain.h"
#include "core/plugin/search.h"
#include "core/stats/moments.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>

enum {
    KEY_MODEL = MCD_OPTION_FIRST,
    KEY_WEIGHTS,
    KEY_DATA,
    KEY_BACKEND,
    KEY_THREADS,
    KEY_SEED,
    KEY_SAMPLER,
    KEY_OUT,
    KEY_FORMAT,
    KEY_LABELS,
    KEY_ROWS,
    KEY_PASSES,
    KEY_UNTIL,
    KEY_QUIET = 'q',
    KEY_VERBOSE = 'v'
};

int64_t mcd_option_int(struct argp_state *state, const char *option, const char *arg, int64_t lo,
                       int64_t hi)
{
    int64_t x = 0;
    if (mcd_number_int(arg, &x) != MCD_NUMBER_OK || x < lo || x > hi)
        argp_error(state, "--%s: '%s': expected a whole number in [%" PRId64 ", %" PRId64 "]",
                   option, arg, lo, hi);
    return x;
}

double mcd_option_real(struct argp_state *state, const char *option, const char *arg,
                       const char *domain)
{
    double x = 0;
    if (mcd_number_real(arg, &x) != MCD_NUMBER_OK || mcd_domain_has_real(domain, x) != MCD_INSIDE)
        argp_error(state, "--%s: '%s': expected a number in %s", option, arg, domain);
    return x;
}

struct mcd_range mcd_option_range(struct argp_state *state, const char *option, const char *arg,
                                  int64_t most)
{
    char text[100], *rest = text;
    double part[3] = {0};
    int parts = 0;
    snprintf(text, sizeof text, "%s", arg);
    for (char *one; parts < 4 && (one = strsep(&rest, ":")); parts++)
        if (parts == 3 || mcd_number_real(one, &part[parts]) != MCD_NUMBER_OK ||
            !isfinite(part[parts]))
            break;
    if (parts != 3 || rest)
        argp_error(state, "--%s: '%s': expected FIRST:LAST:STEP", option, arg);
    double count = floor((part[1] - part[0]) / part[2] + 1e-9) + 1;
    if (part[2] == 0 || count < 1)
        argp_error(state, "--%s: '%s': expected a STEP that leads from FIRST to LAST", option, arg);
    if (!(count >= 1 && count <= (double)most))
        argp_error(state, "--%s: '%s': expected a range of 1 to %" PRId64 " numbers", option, arg,
                   most);
    return (struct mcd_range){part[0], part[2], (int64_t)count};
}

static enum mcd_format parse_format(struct argp_state *state, const char *arg)
{
    static const char *const names[] = {
        [MCD_TEXT_FORMAT] = "text", [MCD_JSON_FORMAT] = "json", [MCD_CSV_FORMAT] = "csv"};
    for (int i = 0; i < 3; i++)
        if (strcmp(arg, names[i]) == 0)
            return (enum mcd_format)i;
    argp_error(state, "--format: '%s': expected text, json or csv", arg);
    return MCD_TEXT_FORMAT;
}

/* The place of a text among the options; NULL for those that are no texts. */
static const char **text_of(struct mcd_options *o, int key)
{
    switch (key) {
    case KEY_MODEL:
        return &o->model;
    case KEY_WEIGHTS:
        return &o->weights;
    case KEY_DATA:
        return &o->data;
    case KEY_BACKEND:
        return &o->backend;
    case KEY_SAMPLER:
        return &o->sampler;
    case KEY_OUT:
        return &o->out;
    case KEY_LABELS:
        return &o->labels;
    default:
        return NULL;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct mcd_options *o = state->input;
    const char **text = o ? text_of(o, key) : NULL;
    if (text) {
        *text = arg;
        return 0;
    }
    switch (key) {
    case KEY_THREADS:
        o->threads = (uint32_t)mcd_option_int(state, "threads", arg, 1, 4096);
        return 0;
    case KEY_SEED:
        o->seed = (uint64_t)mcd_option_int(state, "seed", arg, 0, INT64_MAX);
        o->has_seed = 1;
        return 0;
    case KEY_FORMAT:
        o->format = parse_format(state, arg);
        return 0;
    case KEY_ROWS:
        o->rows = mcd_option_int(state, "rows", arg, 1, INT32_MAX);
        return 0;
    case KEY_PASSES:
        o->passes = mcd_option_int(state, "passes", arg, 1, (int64_t)MCD_MAX_PASSES);
        return 0;
    case KEY_UNTIL:
        o->until_mcse = mcd_option_real(state, "until-mcse", arg, "(0, inf)");
        return 0;
    case KEY_QUIET:
        mcd_log_level(MCD_LOG_WARNING);
        return 0;
    case KEY_VERBOSE:
        mcd_log_level(MCD_LOG_DEBUG);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A group is an argp of its own with the same parser. */
#define GROUP(group, ...)                                                                          \
    static const struct argp_option group##_options[] = {__VA_ARGS__, {0}};                        \
    const struct argp mcd_options_##group = {.options = group##_options, .parser = parse}

GROUP(common, {"quiet", KEY_QUIET, NULL, 0, "Only warnings and errors on stderr", -1},
      {"verbose", KEY_VERBOSE, NULL, 0, "More on stderr", -1});
GROUP(model, {"model", KEY_MODEL, "MODEL", 0,
              "Model plugin, with parameters: lenet, mlp:hidden=400x400,drop=0.3, ./my.so", 0});
GROUP(weights, {"weights", KEY_WEIGHTS, "FILE", 0,
                "Trained weights (safetensors); they know their model if mcdrop saved them", 0});
GROUP(data, {"data", KEY_DATA, "NAME|DIR|FILE", 0,
             "Data set: mnist, fashion-mnist, a folder like theirs, or a file (NPY, IDX, CSV); "
             "default: what the weights were trained on, else the model's own choice",
             0});
GROUP(rows, {"labels", KEY_LABELS, "FILE", 0, "Answers to the rows of a file (NPY, IDX, CSV)", 0},
      {"rows", KEY_ROWS, "N", 0, "Use the first N rows only", 0});
GROUP(compute,
      {"backend", KEY_BACKEND, "BACKEND", 0,
       "What computes (default: openblas where it is installed, else reference)", 0},
      {"threads", KEY_THREADS, "N", 0, "Threads to use (default: one per CPU)", 0},
      {"seed", KEY_SEED, "N", 0, "Seed of all randomness (default: chosen and printed)", 0});
GROUP(passes, {"passes", KEY_PASSES, "N", 0, "Number of stochastic passes", 0},
      {"until-mcse", KEY_UNTIL, "X", 0,
       "Stop as soon as no Monte-Carlo standard error of a mean probability (or output) is above X",
       0});
GROUP(sampler, {"sampler", KEY_SAMPLER, "SAMPLER", 0,
                "How passes draw their masks (default: bernoulli); bernoulli:scope=pass gives all "
                "rows of a pass the same",
                0});
GROUP(out, {"out", KEY_OUT, "PATH", 0, "Where results are written", 0});
GROUP(format, {"format", KEY_FORMAT, "text|json|csv", 0, "How results are printed", 0});

void mcd_options_share(struct argp_state *state, struct mcd_options *options)
{
    const struct argp *argp = state->root_argp;
    if (!(state->flags & ARGP_NO_HELP)) /* then it is one of argp's own, around ours and --help */
        argp = argp->children[0].argp;
    for (int i = 0; argp->children && argp->children[i].argp; i++)
        state->child_inputs[i] = options;
}

int mcd_options_choose_backend(const struct mcd_host *host, struct mcd_options *o,
                               struct mcd_error *e)
{
    char *path;
    if (o->backend)
        return MCD_OK;
    int status = mcd_search_find(host, MCD_BACKEND, "openblas", &path, e);
    if (status == MCD_OK)
        o->backend = path ? "openblas" : "reference";
    host->release(host, path);
    return status;
}

int mcd_options_settle(const struct mcd_host *host, struct mcd_options *o, struct mcd_error *e)
{
    int status = mcd_options_choose_backend(host, o, e);
    uint32_t seed;
    if (status != MCD_OK)
        return status;
    if (!o->has_seed) {
        if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
            return mcd_fail(e, MCD_IO, "--seed", "no random number to be had: %s", strerror(errno));
        o->seed = seed;
    }
    host->log(host, MCD_LOG_INFO, "backend %s, seed %" PRIu64, o->backend, o->seed);
    return MCD_OK;
}

error_t mcd_options_only(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_INIT:
        mcd_options_share(state, state->input);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: no argument is expected", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}
