/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors of our own. SPT_ASSERT stops a debug build; a release build does not
 * evaluate it: where an error can be survived, test it, reset the connection
 * and count it as well.
 */
#ifndef SPT_BASE_DEBUG_H
#define SPT_BASE_DEBUG_H

#include <assert.h>

#define SPT_ASSERT(condition)              assert(condition)
#define SPT_STATIC_ASSERT(condition, text) _Static_assert(condition, text)

#define SPT_CACHE_LINE 64

#endif
