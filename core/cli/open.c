/* Hosts and items for commands. */
#include "core/cli/open.h"

#include "core/base/host.h"
#include "core/cli/log.h"

int mcd_report(const struct mcd_error *e)
{
    mcd_log_error(e);
    return mcd_exit_of(e->code);
}

int mcd_report_option(const struct mcd_error *e)
{
    int status = mcd_report(e);
    return e->code == MCD_INVALID ? MCD_EXIT_USAGE : status;
}

struct mcd_host *mcd_open_host(uint32_t threads)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(threads, mcd_log_sink_stderr, NULL, &e);
    if (!host)
        mcd_report(&e);
    return host;
}

int mcd_open_item(const struct mcd_host *host, uint32_t kind, const char *spec,
                  struct mcd_item **item)
{
    struct mcd_error e = {0};
    int status = mcd_item_open(host, kind, spec, item, &e);
    return status == MCD_OK ? MCD_EXIT_OK : mcd_report_option(&e);
}
