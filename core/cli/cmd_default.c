/*
 * mcdrop without a command, the whole way: trains the model unless that is done already, predicts
 * a test set with dropout on, and says how good and how sure it is.
 */
#include "core/base/error.h"
#include "core/cli/command.h"
#include "core/cli/fit.h"
#include "core/cli/heading.h"
#include "core/cli/log.h"
#include "core/cli/network_only.h"
#include "core/cli/noise.h"
#include "core/cli/open.h"
#include "core/cli/passes.h"
#include "core/cli/predictive.h"
#include "core/cli/report.h"
#include "core/cli/report_posterior.h"
#include "core/cli/sampling.h"
#include "core/cli/stop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_INPUT = MCD_OPTION_OWN, DEFAULT_PASSES = 100, EXTREMES = 5 };

/* The list of commands for --help; argp frees it. */
static char *help(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)(size_t)text;
    size_t size = 256, used;
    for (const struct mcd_command *c = mcd_commands; c->name; c++)
        size += strlen(c->help) + 32;
    char *list = malloc(size);
    if (!list)
        return NULL;
    used = (size_t)snprintf(list, size, "Commands:\n");
    for (const struct mcd_command *c = mcd_commands; c->name; c++)
        used += (size_t)snprintf(list + used, size - used, "  %-10s %s\n", c->name, c->help);
    snprintf(list + used, size - used, "\nmcdrop COMMAND --help says more.");
    return list;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct mcd_options *o = state->input;
    switch (key) {
    case KEY_INPUT:
        o->input = arg;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: a command comes first, then its options", arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->model && !o->weights && !o->out)
            argp_error(state, "expected a command, or --model for the whole way");
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* ---- training ---------------------------------------------------------------------------- */

/* A model that brings its own posterior. What it is judged as is told with the prediction. */
static int sample(struct mcd_session *s, const struct mcd_options *given, struct mcd_folder *folder)
{
    struct mcd_sampling sampling = {0};
    int status = mcd_network_only_refuse(s, given, &(struct mcd_network_only){0});
    if (!status)
        status = mcd_sampling_run(&sampling, s, folder, MCD_EARLIER_MAY);
    mcd_sampling_close(&sampling);
    return status;
}

static int fit(struct mcd_fit *f, struct mcd_session *s, const struct mcd_options *options,
               struct mcd_folder *folder)
{
    struct mcd_options o = *options;
    o.rows = 0; /* these say what is predicted */
    o.input = o.labels = NULL;
    o.grid = (struct mcd_range){0};
    int status = mcd_session_open(s, &o, folder->weights);
    if (!status && mcd_model_has_fit(s->model))
        return sample(s, &o, folder);
    if (!status)
        status = mcd_fit_open(f, s, folder);
    if (!status && access(folder->weights, F_OK) == 0)
        status = mcd_fit_resume(f, 0);
    return status || mcd_fit_is_complete(f) ? status : mcd_fit_run(f);
}

/* Afterwards the options name the weights, and the seed of their training. */
static int train(struct mcd_options *o, struct mcd_folder *folder)
{
    struct mcd_session session = {0};
    struct mcd_fit f = {0};
    int status = fit(&f, &session, o, folder);
    o->weights = folder->weights;
    o->seed = session.options.seed;
    o->has_seed = 1;
    mcd_fit_close(&f);
    mcd_session_close(&session);
    return status;
}

/* ---- predicting -------------------------------------------------------------------------- */

/* Without dropout there is nothing to be unsure with: weight averaging is reported alone. */
static uint64_t choose_passes(const struct mcd_session *s)
{
    struct mcd_error e = {0};
    if (mcd_network_check_stochastic(s->network, &e) == MCD_OK)
        return s->options.passes ? (uint64_t)s->options.passes : DEFAULT_PASSES;
    mcd_log(MCD_LOG_WARNING, "%s: %s; weight averaging is all there is", e.where, e.text);
    return 0;
}

static int print_summary(const struct mcd_report *report, const struct mcd_passes *p)
{
    int status = MCD_EXIT_OK;
    mcd_heading_print(report, p->session->data_name);
    int scored = report->result.average || report->result.value_average;
    if (report->result.task != MCD_CLASSIFY && !scored) {
        status = mcd_report_print(report, MCD_TEXT_FORMAT);
        mcd_report_print_band(report);
        return status;
    }
    if (scored)
        status = mcd_report_print_brief(report);
    for (int most = 1; !status && most >= 0; most--) {
        printf("%s%s certain\n", most && !scored ? "" : "\n", most ? "Most" : "Least");
        status = mcd_report_print_extremes(report, most, EXTREMES);
    }
    return status;
}

/* result.json; an earlier one is kept. */
static int save(const struct mcd_report *report, const struct mcd_folder *folder)
{
    struct mcd_folder_result earlier = {0};
    int status = mcd_folder_keep_result(folder, &earlier);
    if (!status)
        status = mcd_report_save(report, folder->result);
    mcd_folder_settle_result(folder, &earlier);
    if (!status)
        mcd_log(MCD_LOG_INFO, "wrote %s", folder->result);
    return status;
}

static int report(const struct mcd_passes *p, const struct mcd_partial *result,
                  const struct mcd_folder *folder)
{
    struct mcd_report report = {0};
    const struct mcd_network *n = p->session->network;
    enum mcd_format format = p->session->options.format;
    int status = mcd_report_open(&report, result, n->recipe.task, p->data->x.dim[0], n->outputs);
    report.grid = p->session->options.grid;
    if (!status)
        status = save(&report, folder);
    if (!status)
        status = format == MCD_TEXT_FORMAT ? print_summary(&report, p)
                                           : mcd_report_print(&report, format);
    mcd_report_clear(&report);
    return status;
}

/* ---- predicting from draws --------------------------------------------------------------- */

static int print_predictive(const struct mcd_predictive *p, const struct mcd_session *s)
{
    const struct mcd_report *r = &p->report;
    mcd_heading_print(r, s->data_name);
    int status = mcd_posterior_print(&p->posterior, MCD_TEXT_FORMAT);
    putchar('\n');
    if (status)
        return status;
    if (r->result.value_monte_carlo)
        return mcd_report_print_brief(r);
    status = mcd_report_print(r, MCD_TEXT_FORMAT);
    mcd_report_print_band(r);
    return status;
}

static int mix(struct mcd_session *s, struct mcd_dataset *data, const struct mcd_folder *folder)
{
    struct mcd_predictive p = {0};
    const struct mcd_options *o = &s->options;
    int status = mcd_session_read(s, MCD_TEST, data);
    if (!status && data->y.data)
        status = mcd_session_check_answers(s, data);
    if (!status)
        status = mcd_predictive_run(&p, s, data, o->passes, NULL);
    if (!status)
        status = save(&p.report, folder);
    if (!status)
        status = o->format == MCD_TEXT_FORMAT ? print_predictive(&p, s)
                                              : mcd_report_print(&p.report, o->format);
    if (!status && !p.posterior.good)
        status = MCD_EXIT_FAILURE;
    mcd_predictive_close(&p);
    return status;
}

/* ---- predicting with a network ----------------------------------------------------------- */

static int predict(const struct mcd_options *o, struct mcd_session *s, struct mcd_dataset *data,
                   const struct mcd_folder *folder)
{
    struct mcd_partial result = {0};
    int status = s->host ? MCD_EXIT_OK : mcd_session_open(s, o, NULL);
    if (!status && mcd_model_has_fit(s->model)) {
        status = mcd_network_only_refuse(s, o, &(struct mcd_network_only){0});
        return status ? status : mix(s, data, folder);
    }
    if (!status)
        status = mcd_session_read(s, MCD_TEST, data);
    if (!status)
        status = mcd_session_build(s, data);
    if (!status && data->y.data)
        status = mcd_session_check_answers(s, data);
    if (status)
        return status;
    struct mcd_passes passes = {
        .session = s, .data = data, .passes = choose_passes(s), .until_mcse = o->until_mcse};
    status = mcd_noise_settle(s, data, 0, &passes.tau);
    if (!status)
        status = mcd_passes_run(&passes, &result);
    if (!status)
        status = report(&passes, &result, folder);
    mcd_partial_clear(&result);
    return status;
}

static int run(struct mcd_options *o)
{
    struct mcd_folder folder;
    struct mcd_session session = {0};
    struct mcd_dataset data = {0};
    struct mcd_options named = *o;
    int status = MCD_EXIT_OK;
    if (o->weights && !o->model && !o->out) { /* the file knows what the folder is named after */
        status = mcd_session_open(&session, o, NULL);
        named.model = status ? NULL : session.model->plugin->name;
    }
    if (!status)
        status = mcd_folder_name(&folder, &named);
    if (!status)
        status = o->weights ? mcd_folder_make(&folder) : train(o, &folder);
    if (!status)
        status = predict(o, &session, &data, &folder);
    mcd_dataset_clear(&data);
    mcd_session_close(&session);
    return status;
}

int mcd_cmd_default(int argc, char **argv)
{
    static const struct argp_child children[] = {
        {&mcd_options_model, 0, NULL, 0},
        {&mcd_options_weights, 0, NULL, 0},
        {&mcd_options_data, 0, NULL, 0},
        {&mcd_options_compute, 0, NULL, 0},
        {&mcd_options_training, 0, "Training, where the model's recipe shall not hold:", 2},
        {&mcd_options_passes, 0, "Predicting:", 3},
        {&mcd_options_noise, 0, NULL, 4},
        {&mcd_options_sampler, 0, NULL, 4},
        {&mcd_options_table, 0, NULL, 0},
        {&mcd_options_split, 0, NULL, 2},
        {&mcd_options_grid, 0, NULL, 3},
        {&mcd_options_rows, 0, NULL, 4},
        {&mcd_options_out, 0, "Output:", 5},
        {&mcd_options_format, 0, NULL, 6},
        {&mcd_options_common, 0, NULL, -1},
        {0},
    };
    static const struct argp_option own[] = {
        {"input", KEY_INPUT, "FILE", 0, "Predict the inputs in a file instead of the test set", 0},
        {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .args_doc = "--model=MODEL\nCOMMAND [ARGUMENT...]",
        .doc = "Trains networks with dropout, predicts with uncertainty.\n\n"
               "Without a command, the whole way: trains --model by its recipe, unless the folder "
               "--out (default: ./mcdrop-MODEL) has such a run already, then predicts the test "
               "set with dropout on (100 passes) and says how good and how sure the model is. "
               "weights.safetensors, history.csv and result.json stay in the folder.\v",
        .children = children,
        .help_filter = help,
    };
    struct mcd_options options = MCD_OPTIONS;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
    mcd_stop_install();
    return run(&options);
}
