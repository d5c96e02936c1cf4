/* mcdrop evaluate: how good a trained model is on rows with answers, both ways. */
#include "core/base/error.h"
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

enum { KEY_DETERMINISTIC = MCD_OPTION_OWN, DEFAULT_PASSES = 100 };

struct evaluate {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    int deterministic;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct evaluate *v = state->input;
    switch (key) {
    case KEY_DETERMINISTIC:
        v->deterministic = 1;
        return 0;
    case ARGP_KEY_END:
        if (!v->options.weights)
            argp_error(state,
                       "--weights is missing: expected a file that mcdrop train or PyTorch saved");
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* A model that brings its own posterior. */
static int mix(const struct evaluate *v, struct mcd_session *session, struct mcd_dataset *data)
{
    const struct mcd_network_only only = {.deterministic = v->deterministic};
    struct mcd_predictive predictive = {0};
    int status = mcd_network_only_refuse(session, &v->options, &only);
    if (!status)
        status = mcd_session_read(session, MCD_TEST, data);
    if (!status)
        status = mcd_session_check_answers(session, data);
    if (!status)
        status = mcd_predictive_run(&predictive, session, data, v->options.passes, NULL);
    if (!status && v->options.format == MCD_TEXT_FORMAT)
        mcd_heading_print(&predictive.report, session->data_name);
    if (!status)
        status = mcd_report_print_scores(&predictive.report, v->options.format);
    mcd_predictive_close(&predictive);
    return status;
}

static int evaluate(const struct evaluate *v, struct mcd_session *session, struct mcd_dataset *data,
                    struct mcd_partial *result)
{
    const struct mcd_options *o = &v->options;
    struct mcd_report report = {0};
    int status = mcd_session_open(session, o, NULL);
    if (!status && mcd_model_has_fit(session->model))
        return mix(v, session, data);
    if (!status)
        status = mcd_session_read(session, MCD_TEST, data);
    if (!status)
        status = mcd_session_build(session, data);
    if (!status)
        status = mcd_session_check_answers(session, data);
    if (status)
        return status;
    struct mcd_passes passes = {
        .session = session,
        .data = data,
        .passes = v->deterministic ? 0
                  : o->passes      ? (uint64_t)o->passes
                                   : DEFAULT_PASSES,
        .until_mcse = o->until_mcse,
    };
    status = mcd_noise_settle(session, data, 1, &passes.tau);
    if (!status)
        status = mcd_passes_run(&passes, result);
    if (!status)
        status = mcd_report_open(&report, result, session->network->recipe.task, data->x.dim[0],
                                 session->network->outputs);
    if (!status && o->format == MCD_TEXT_FORMAT)
        mcd_heading_print(&report, session->data_name);
    if (!status)
        status = mcd_report_print_scores(&report, o->format);
    mcd_report_clear(&report);
    return status;
}

int mcd_cmd_evaluate(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_weights, 0, NULL, 0}, {&mcd_options_model, 0, NULL, 0},
        {&mcd_options_data, 0, NULL, 1},    {&mcd_options_table, 0, NULL, 1},
        {&mcd_options_rows, 0, NULL, 1},    {&mcd_options_passes, 0, NULL, 2},
        {&mcd_options_noise, 0, NULL, 2},   {&mcd_options_sampler, 0, NULL, 2},
        {&mcd_options_compute, 0, NULL, 3}, {&mcd_options_format, 0, NULL, 4},
        {&mcd_options_common, 0, NULL, -1}, {0},
    };
    static const struct argp_option own[] = {{"deterministic", KEY_DETERMINISTIC, NULL, 0,
                                              "Weight averaging alone, no stochastic passes", 2},
                                             {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .doc = "Scores a model on inputs with answers, by weight averaging and by stochastic "
               "passes (default: 100). A classifier: errors, accuracy, NLL, Brier score, "
               "calibration error, entropies, how well the entropy finds errors, accuracy without "
               "the least certain. A regression: RMSE, log likelihood, CRPS, coverage and width of "
               "intervals, standard deviations.\n\nmc_se is the standard error over other passes, "
               "test_se the one over "
               "other test sets.\v"
               "Example: mcdrop evaluate --weights mcdrop-lenet/weights.safetensors --data mnist",
        .children = children,
    };
    struct evaluate v = {.options = MCD_OPTIONS};
    struct mcd_session session = {0};
    struct mcd_dataset data = {0};
    struct mcd_partial result = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &v);
    mcd_stop_install();
    int status = evaluate(&v, &session, &data, &result);
    mcd_partial_clear(&result);
    mcd_dataset_clear(&data);
    mcd_session_close(&session);
    return status;
}
