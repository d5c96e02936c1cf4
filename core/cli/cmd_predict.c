/* mcdrop predict: what a trained model thinks of inputs, and how sure it is. */
#include "core/cli/command.h"
#include "core/cli/heading.h"
#include "core/cli/log.h"
#include "core/cli/network_only.h"
#include "core/cli/noise.h"
#include "core/cli/open.h"
#include "core/cli/passes.h"
#include "core/cli/predictive.h"
#include "core/cli/report.h"
#include "core/cli/stop.h"

enum {
    KEY_INPUT = MCD_OPTION_OWN,
    KEY_FIRST,
    KEY_DETERMINISTIC,
    KEY_SAMPLES,
    KEY_PARTIAL,
    DEFAULT_PASSES = 1000,
    UNTIL_PASSES = 1000000 /* at most, where a precision is asked for and no number */
};

struct predict {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    uint64_t first_pass;
    int deterministic;
    const char *keep_samples, *save_partial;
};

/* Options that contradict each other. */
static void check(struct argp_state *state, const struct predict *p)
{
    const struct mcd_options *o = &p->options;
    if (!o->weights)
        argp_error(state,
                   "--weights is missing: expected a file that mcdrop train or PyTorch saved");
    if (o->input && o->data)
        argp_error(state, "--input and --data exclude each other");
    if (p->deterministic &&
        (o->passes || o->until_mcse > 0 || p->first_pass || p->keep_samples || p->save_partial))
        argp_error(state, "--deterministic has no passes: expected no other option about them");
    if (o->until_mcse > 0 && p->keep_samples)
        argp_error(state, "--until-mcse and --keep-samples exclude each other: the file's size "
                          "must be known before");
    if (p->keep_samples && p->save_partial && strcmp(p->keep_samples, p->save_partial) == 0)
        argp_error(state, "--keep-samples and --save-partial name the same file");
    if (p->first_pass + (uint64_t)o->passes > MCD_MAX_PASSES)
        argp_error(state, "--first-pass and --passes go beyond pass %llu",
                   (unsigned long long)MCD_MAX_PASSES);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct predict *p = state->input;
    switch (key) {
    case KEY_INPUT:
        p->options.input = arg;
        return 0;
    case KEY_FIRST:
        p->first_pass =
            (uint64_t)mcd_option_int(state, "first-pass", arg, 0, (int64_t)MCD_MAX_PASSES - 1);
        return 0;
    case KEY_DETERMINISTIC:
        p->deterministic = 1;
        return 0;
    case KEY_SAMPLES:
        p->keep_samples = arg;
        return 0;
    case KEY_PARTIAL:
        p->save_partial = arg;
        return 0;
    case ARGP_KEY_END:
        check(state, p);
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

static struct mcd_passes passes_of(const struct predict *p, struct mcd_session *session,
                                   const struct mcd_dataset *data)
{
    const struct mcd_options *o = &p->options;
    uint64_t standard = o->until_mcse > 0 ? UNTIL_PASSES : DEFAULT_PASSES;
    return (struct mcd_passes){
        .session = session,
        .data = data,
        .first_pass = p->first_pass,
        .passes = p->deterministic ? 0
                  : o->passes      ? (uint64_t)o->passes
                                   : standard,
        .until_mcse = o->until_mcse,
        .keep_samples = p->keep_samples,
        .keep_pieces = p->save_partial != NULL,
    };
}

static int save_partial(const struct predict *p, const struct mcd_partial *result)
{
    struct mcd_error e = {0};
    if (!p->save_partial)
        return MCD_EXIT_OK;
    if (mcd_partial_save(p->save_partial, result, &e))
        return mcd_report(&e);
    mcd_log(MCD_LOG_INFO, "wrote %s: join it with mcdrop merge", p->save_partial);
    return MCD_EXIT_OK;
}

static int print(const struct predict *p, const struct mcd_session *s,
                 const struct mcd_report *report)
{
    int is_text = p->options.format == MCD_TEXT_FORMAT;
    if (is_text)
        mcd_heading_print(report, s->data_name);
    int status = mcd_report_print(report, p->options.format);
    if (!status && is_text)
        mcd_report_print_band(report);
    return status;
}

static int report(const struct predict *p, const struct mcd_session *s,
                  const struct mcd_dataset *data, const struct mcd_partial *result)
{
    struct mcd_report report = {0};
    int status = mcd_report_open(&report, result, s->network->recipe.task, data->x.dim[0],
                                 s->network->outputs);
    report.grid = p->options.grid;
    if (!status)
        status = print(p, s, &report);
    mcd_report_clear(&report);
    return status;
}

/* A model that brings its own posterior. */
static int mix(const struct predict *p, struct mcd_session *session, struct mcd_dataset *data)
{
    const struct mcd_options *o = &p->options;
    const struct mcd_network_only only = {p->deterministic, p->first_pass > 0,
                                          p->save_partial != NULL};
    struct mcd_predictive predictive = {0};
    int status = mcd_network_only_refuse(session, o, &only);
    if (!status)
        status = mcd_session_read(session, MCD_TEST, data);
    if (!status && data->y.data)
        status = mcd_session_check_answers(session, data);
    if (!status)
        status = mcd_predictive_run(&predictive, session, data, o->passes, p->keep_samples);
    if (!status)
        status = print(p, session, &predictive.report);
    mcd_predictive_close(&predictive);
    return status;
}

static int predict(const struct predict *p, struct mcd_session *session, struct mcd_dataset *data,
                   struct mcd_partial *result)
{
    int status = mcd_session_open(session, &p->options, NULL);
    if (!status && mcd_model_has_fit(session->model))
        return mix(p, session, data);
    if (!status)
        status = mcd_session_read(session, MCD_TEST, data);
    if (!status)
        status = mcd_session_build(session, data);
    if (!status && data->y.data)
        status = mcd_session_check_answers(session, data);
    if (status)
        return status;
    struct mcd_passes passes = passes_of(p, session, data);
    status = mcd_noise_settle(session, data, 0, &passes.tau);
    if (!status)
        status = mcd_passes_run(&passes, result);
    if (!status)
        status = save_partial(p, result);
    return status ? status : report(p, session, data, result);
}

static const struct argp_option own[] = {
    {"input", KEY_INPUT, "FILE", 0, "Inputs in a file (NPY, IDX, CSV) instead of a data set", 1},
    {"deterministic", KEY_DETERMINISTIC, NULL, 0, "Weight averaging alone, no stochastic passes",
     2},
    {"first-pass", KEY_FIRST, "N", 0,
     "Number of the first pass (default: 0): a run may be spread over machines", 2},
    {"keep-samples", KEY_SAMPLES, "FILE", 0,
     "Write the outputs of every pass as NPY [passes, rows, outputs]", 4},
    {"save-partial", KEY_PARTIAL, "FILE", 0, "Write what mcdrop merge joins", 4},
    {0}};

int mcd_cmd_predict(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_weights, 0, NULL, 0},
        {&mcd_options_model, 0, NULL, 0},
        {&mcd_options_data, 0, NULL, 1},
        {&mcd_options_table, 0, NULL, 1},
        {&mcd_options_grid, 0, NULL, 1},
        {&mcd_options_rows, 0, NULL, 1},
        {&mcd_options_passes, 0, NULL, 2},
        {&mcd_options_noise, 0, NULL, 2},
        {&mcd_options_sampler, 0, NULL, 2},
        {&mcd_options_compute, 0, NULL, 3},
        {&mcd_options_format, 0, NULL, 4},
        {&mcd_options_common, 0, NULL, -1},
        {0},
    };
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .doc = "Predicts with dropout on, and says how sure the model is of each input: mean, "
               "standard deviation and Monte-Carlo standard error over the passes (default: "
               "1000), entropies, mutual information, votes.\n\nText has the most telling "
               "figures, CSV and JSON have all.\v"
               "Example: mcdrop predict --weights mcdrop-lenet/weights.safetensors --input X.npy",
        .children = children,
    };
    struct predict p = {.options = MCD_OPTIONS};
    struct mcd_session session = {0};
    struct mcd_dataset data = {0};
    struct mcd_partial result = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &p);
    mcd_stop_install();
    int status = predict(&p, &session, &data, &result);
    mcd_partial_clear(&result);
    mcd_dataset_clear(&data);
    mcd_session_close(&session);
    return status;
}
