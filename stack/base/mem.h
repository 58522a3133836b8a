/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory of tables and records: anonymous mappings of our own, aligned to huge
 * pages and advised so, bound to a NUMA node, zeroed. Never from EAL.
 */
#ifndef SPT_BASE_MEM_H
#define SPT_BASE_MEM_H

#include <stddef.h>

/*
 * 'bytes' of zeroed memory for the cores of 'socket' (-1: any); touched, so that a
 * lack of memory shows here. Mappings below 2 MiB are only page aligned.
 * Returns NULL when there is none.
 */
void *mem_alloc(size_t bytes, int socket);

/* The same, not touched: for arrays of which only a part is used at a time. */
void *mem_reserve(size_t bytes, int socket);

/* Memory of theirs that holds secrets: left out of core dumps. */
void mem_hide(void *memory, size_t bytes);

/* What either of them takes for 'bytes': whole pages, huge ones from 2 MiB. */
size_t mem_footprint(size_t bytes);

/* 'bytes' as given to mem_alloc or mem_reserve. NULL is allowed. */
void mem_free(void *memory, size_t bytes);

#endif
