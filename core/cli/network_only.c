/* Options of networks. */
#include "core/cli/network_only.h"

#include "core/base/error.h"
#include "core/cli/open.h"

int mcd_network_only_refuse(const struct mcd_session *s, const struct mcd_options *o,
                            const struct mcd_network_only *own)
{
    static const struct mcd_options defaults = MCD_OPTIONS;
    const struct mcd_training_options *t = &o->training;
    const char *trains = "is for networks", *passes = "is about the stochastic passes of networks";
    const char *noise = "is the noise of networks", *averages = "is weight averaging of networks";
    const struct {
        const char *option, *what;
        int given;
    } all[] = {
        {"--epochs", trains, t->epochs >= 0},
        {"--batch", trains, t->batch >= 0},
        {"--rate", trains, !isnan(t->rate)},
        {"--momentum", trains, !isnan(t->momentum)},
        {"--decay", trains, !isnan(t->decay)},
        {"--optimiser", trains, t->optimiser != 0},
        {"--schedule", trains, t->schedule >= 0},
        {"--no-shuffle", trains, t->keep_order},
        {"--checkpoint-every", trains, t->checkpoint_every != defaults.training.checkpoint_every},
        {"--sampler", passes, o->sampler != NULL},
        {"--until-mcse", passes, o->until_mcse > 0},
        {"--first-pass", passes, own->first_pass},
        {"--save-partial", passes, own->save_partial},
        {"--deterministic", averages, own->deterministic},
        {"--tau", noise, o->tau > 0 || o->fit_tau},
        {"--length-scale", noise, o->length_scale > 0},
    };
    struct mcd_error e = {0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given) {
            mcd_fail(&e, MCD_INVALID, all[i].option,
                     "%s, but %s brings a posterior of its own: mcdrop info %s lists what it takes",
                     all[i].what, s->model->plugin->name, s->model->plugin->name);
            return mcd_report_option(&e);
        }
    return MCD_EXIT_OK;
}
