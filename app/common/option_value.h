/* SPDX-License-Identifier: BSD-3-Clause */
/* The values of options: from text into the target, or the line that says why not. */
#ifndef SPT_APP_OPTION_VALUE_H
#define SPT_APP_OPTION_VALUE_H

#include "common/option.h"

/*
 * Store 'value' of any kind but OPTION_CONFIG; NULL is a flag that stands alone. A refusal writes
 * the option as a file has it ("rate = 5") or the command line ("--rate 5"). 0 or -EINVAL.
 */
int option_value_set(const struct option_row *row, void *target, const char *value, bool file,
    char *error, size_t error_size);

#endif
