/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers whose end is the end of an allocation. */
#include <string.h>

#include "fuzz.h"

char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	EXPECT(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void
free_external(void *buffer, void *shinfo)
{
	free(buffer);
	free(shinfo);
}

/* Direct, with room behind; or in an allocation of its size. */
static struct rte_mbuf *
fuzz_segment(struct rte_mempool *pool, const uint8_t *bytes, size_t n, bool exact)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_mbuf_ext_shared_info *shinfo;
	void *buffer;

	if (m == NULL)
		return NULL;
	if (!exact) {
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes, n);
		return m;
	}
	shinfo = malloc(sizeof(*shinfo));
	buffer = malloc(n);
	EXPECT(shinfo != NULL && buffer != NULL);
	memcpy(buffer, bytes, n);
	shinfo->free_cb = free_external;
	shinfo->fcb_opaque = shinfo;
	rte_mbuf_ext_refcnt_set(shinfo, 1);
	rte_pktmbuf_attach_extbuf(m, buffer, RTE_BAD_IOVA, (uint16_t)n, shinfo);
	m->data_len = (uint16_t)n;
	m->pkt_len = (uint32_t)n;
	return m;
}

struct rte_mbuf *
fuzz_mbuf(struct rte_mempool *pool, const uint8_t *bytes, size_t n, unsigned int shape,
    const uint8_t cuts[3])
{
	struct rte_mbuf *head = NULL, *m;
	bool exact = shape & FUZZ_EXACT;
	size_t take;

	for (int i = 0; n > 0; i++) {
		take = n;
		if ((shape & FUZZ_CHAIN) && i < 3 && cuts[i] > 0 && cuts[i] < n)
			take = cuts[i];
		else if (i < 3 && (shape & FUZZ_CHAIN))
			continue;
		m = fuzz_segment(pool, bytes, take, exact);
		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		if (head == NULL)
			head = m;
		else
			EXPECT(rte_pktmbuf_chain(head, m) == 0);
		bytes += take;
		n -= take;
	}
	return head;
}
