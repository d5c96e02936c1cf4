#include "card.h"

#include <stdio.h>

enum { RUNTIME = CUDART_VERSION };
static const int built_for[] = {MCD_CUDA_ARCH}; /* the last one also as PTX, for what is newer */

/* "13.0" of 13000. */
struct version {
    char text[16];
};

static struct version version_of(int number)
{
    struct version v;
    snprintf(v.text, sizeof v.text, "%d.%d", number / 1000, number % 1000 / 10);
    return v;
}

/* Why there is nothing to count: the driver is not there, too old, or sees no card. */
static int explain(const struct mcd_host *host, cudaError_t result, struct mcd_error *error)
{
    int driver = 0;
    if (result == cudaErrorNoDevice)
        return host->fail(error, MCD_DEVICE, "cuda",
                          "the NVIDIA driver sees no card: expected one, and "
                          "CUDA_VISIBLE_DEVICES unset or with its number");
    if (result == cudaErrorInsufficientDriver) {
        cudaDriverGetVersion(&driver);
        if (driver == 0)
            return host->fail(
                error, MCD_DEVICE, "cuda",
                "there is no NVIDIA driver (libcuda.so.1): expected one for CUDA %s or "
                "later",
                version_of(RUNTIME).text);
        return host->fail(error, MCD_DEVICE, "cuda",
                          "the NVIDIA driver is too old: it is for CUDA %s, expected %s or later",
                          version_of(driver).text, version_of(RUNTIME).text);
    }
    return host->fail(error, MCD_DEVICE, "cuda", "cards cannot be counted: %s (%s)",
                      cudaGetErrorString(result), cudaGetErrorName(result));
}

/* Code for 8.0 runs on 8.6, but not on 9.0; PTX of the last one on everything above. */
static int has_code_for(int capability)
{
    const int count = sizeof built_for / sizeof *built_for;
    int found = capability >= built_for[count - 1];
    for (int i = 0; i < count; i++)
        found |= capability / 10 == built_for[i] / 10 && capability >= built_for[i];
    return found;
}

#define TEXT(x)   #x
#define LIST(...) TEXT((__VA_ARGS__))

static int count_cards(const struct mcd_host *host, int *count, struct mcd_error *error)
{
    *count = 0;
    cudaError_t result = cudaGetDeviceCount(count);
    if (result == cudaSuccess && *count == 0)
        result = cudaErrorNoDevice;
    return result == cudaSuccess ? MCD_OK : explain(host, result, error);
}

/* Fills in the rest of a card of this number. */
static int look(const struct mcd_host *host, struct mcd_cuda_card *card, struct mcd_error *error)
{
    struct cudaDeviceProp p;
    cudaError_t result = cudaGetDeviceProperties(&p, card->number);
    if (result != cudaSuccess)
        return host->fail(error, MCD_DEVICE, "device", "%d cannot be looked at: %s (%s)",
                          card->number, cudaGetErrorString(result), cudaGetErrorName(result));
    card->memory = p.totalGlobalMem;
    card->capability = 10 * p.major + p.minor;
    card->multiprocessors = p.multiProcessorCount;
    snprintf(card->name, sizeof card->name, "%.47s", p.name);
    if (!has_code_for(card->capability))
        return host->fail(error, MCD_DEVICE, "device",
                          "%s has compute capability %d.%d, for which cuda was not built: expected "
                          "one of %s or newer (NVCC_ARCH of configure)",
                          card->name, p.major, p.minor, LIST(MCD_CUDA_ARCH));
    return MCD_OK;
}

int mcd_cuda_card_find(const struct mcd_host *host, int64_t number, struct mcd_cuda_card *card,
                       struct mcd_error *error)
{
    int count, status = count_cards(host, &count, error);
    if (status != MCD_OK)
        return status;
    if (number >= count)
        return host->fail(error, MCD_DEVICE, "device", "%lld: there %s %d, expected %s%d",
                          (long long)number, count == 1 ? "is" : "are", count,
                          count == 1 ? "" : "0 to ", count - 1);
    *card = (struct mcd_cuda_card){.number = (int)number, .count = count};
    return look(host, card, error);
}

int mcd_cuda_card_describe(const struct mcd_host *host, uint32_t i, struct mcd_device_info *device)
{
    struct mcd_cuda_card card = {.number = (int)i};
    struct mcd_error problem = {0};
    if (count_cards(host, &card.count, NULL) != MCD_OK || i >= (uint32_t)card.count)
        return 0;
    look(host, &card, &problem);
    device->memory = card.memory;
    snprintf(device->name, sizeof device->name, "%s", card.name);
    if (card.capability)
        snprintf(device->architecture, sizeof device->architecture, "compute capability %d.%d",
                 card.capability / 10, card.capability % 10);
    snprintf(device->problem, sizeof device->problem, "%.255s", problem.text);
    return 1;
}
