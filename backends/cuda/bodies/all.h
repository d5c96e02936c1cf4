/* Every kernel body, for what expands the lists of kernels.h: kernels.cu, and tests. */
#ifndef MCD_CUDA_BODIES_H
#define MCD_CUDA_BODIES_H

#include "bf16.h"
#include "broadcast.h"
#include "chain.h"
#include "drop.h"
#include "gather.h"
#include "loss.h"
#include "map.h"
#include "moments.h"
#include "noise.h"
#include "pool2d.h"
#include "reduce.h"
#include "softmax.h"
#include "sum.h"
#include "update.h"

#endif
