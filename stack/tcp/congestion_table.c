/* SPDX-License-Identifier: BSD-3-Clause */
/* The congestion control algorithms that a connection may choose from. */
#include "congestion.h"

const struct congestion_algorithm *const congestion_algorithms[SPT_CONGESTION_ALGORITHMS] = {
    [SPT_CONGESTION_CUBIC] = &cubic_algorithm,
    [SPT_CONGESTION_NEWRENO] = &newreno_algorithm,
};
