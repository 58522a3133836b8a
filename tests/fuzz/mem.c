/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In place of stack/base/mem.c: tables from the heap, of exact size, so that ASan sees an access
 * behind one, and an engine for each input costs no mappings.
 */
#include <stdlib.h>
#include <string.h>

#include <base/mem.h>

#define LINE ((size_t)64)

size_t
mem_footprint(size_t bytes)
{
	return bytes;
}

void *
mem_reserve(size_t bytes, int socket)
{
	void *memory;

	(void)socket;
	if (posix_memalign(&memory, LINE, bytes > 0 ? bytes : 1) != 0)
		return NULL;
	return memset(memory, 0, bytes);
}

void *
mem_alloc(size_t bytes, int socket)
{
	return mem_reserve(bytes, socket);
}

/* Of no core dump: nothing to be done here. */
void
mem_hide(void *memory, size_t bytes)
{
	(void)memory;
	(void)bytes;
}

void
mem_free(void *memory, size_t bytes)
{
	(void)bytes;
	free(memory);
}
