/* SPDX-License-Identifier: BSD-3-Clause */
/* Large sends are judged and cut by DPDK's view of headers, not by the code under test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "port_cut.h"

#define CUT_PENDING 1024 /* more segments than the smallest MSS makes of a send */

struct cut_port {
	struct spt_port base;
	struct spt_port *inner;
	struct port_cut_config config;
	struct rte_mbuf *pending[CUT_PENDING];
	unsigned int n_pending;
	spt_time now;
};

/* ---- judging ------------------------------------------------------------------------ */

/* More mbufs for one segment of 'm' than the device takes, headers counted. */
static bool
cut_in_pieces(const struct rte_mbuf *m, uint32_t headers, unsigned int most)
{
	const struct rte_mbuf *s = m;
	uint32_t left = m->pkt_len - headers, at = headers;

	while (left > 0) {
		uint32_t want = RTE_MIN(left, (uint32_t)m->tso_segsz);
		unsigned int pieces = 1;

		left -= want;
		while (want > 0) {
			uint32_t here = RTE_MIN(want, s->data_len - at);

			pieces += here > 0;
			want -= here;
			at += here;
			if (at == s->data_len) {
				s = s->next;
				at = 0;
			}
		}
		if (pieces > most)
			return true;
	}
	return false;
}

static const char *
cut_judge_ip(const struct rte_mbuf *m, const struct rte_tcp_hdr *tcp)
{
	const void *at = rte_pktmbuf_mtod_offset(m, const void *, RTE_ETHER_HDR_LEN);
	bool v4 = m->ol_flags & RTE_MBUF_F_TX_IPV4;
	uint32_t length = m->pkt_len - RTE_ETHER_HDR_LEN;

	if (v4 == !!(m->ol_flags & RTE_MBUF_F_TX_IPV6))
		return "of which IP version it is, is not said";
	if (v4) {
		const struct rte_ipv4_hdr *ip = at;

		if (!(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM))
			return "no IPv4 checksum is asked for";
		if (ip->version_ihl != 0x45 || m->l3_len != sizeof(*ip) || ip->hdr_checksum != 0)
			return "the IPv4 header is wrong, or its checksum is not 0";
		if (rte_be_to_cpu_16(ip->total_length) != length)
			return "the IPv4 length is not that of the whole";
		if (tcp->cksum != rte_ipv4_phdr_cksum(ip, m->ol_flags))
			return "the checksum is not the pseudo-header's sum without the length";
	} else {
		const struct rte_ipv6_hdr *ip = at;

		if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM)
			return "an IPv4 checksum is asked for in IPv6";
		if (ip->proto != IPPROTO_TCP || m->l3_len != sizeof(*ip))
			return "the IPv6 header is wrong";
		if (rte_be_to_cpu_16(ip->payload_len) != length - sizeof(*ip))
			return "the IPv6 length is not that of the whole";
		if (tcp->cksum != rte_ipv6_phdr_cksum(ip, m->ol_flags))
			return "the checksum is not the pseudo-header's sum without the length";
	}
	return NULL;
}

/* NULL, or why no device should get this. */
static const char *
cut_judge(const struct cut_port *self, const struct rte_mbuf *m)
{
	uint32_t headers = m->l2_len + m->l3_len + m->l4_len, payload = m->pkt_len - headers;
	const struct rte_tcp_hdr *tcp =
	    rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, m->l2_len + m->l3_len);
	const struct port_tso *tso = &self->config.tso;

	if (tso->most == 0)
		return "nobody asked for it";
	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != RTE_MBUF_F_TX_TCP_CKSUM)
		return "no TCP checksum is asked for";
	if (m->l2_len != RTE_ETHER_HDR_LEN || m->data_len < headers || m->pkt_len < headers ||
	    m->l4_len != (tcp->data_off >> 4) * 4)
		return "the headers are not as long as it says, or not in one piece";
	if (m->tso_segsz == 0 || payload % m->tso_segsz != 0 || payload < 2u * m->tso_segsz)
		return "it is not several segments, all of them full";
	if (m->tso_segsz + headers - RTE_ETHER_HDR_LEN > self->base.mtu)
		return "its segments are larger than the MTU";
	if (payload > tso->most)
		return "it is larger than the device takes";
	if (m->nb_segs > tso->mbufs)
		return "it has more mbufs than the device takes";
	if (cut_in_pieces(m, headers, tso->segment_mbufs))
		return "a segment of it has more mbufs than the device takes";
	if ((tcp->tcp_flags & ~(RTE_TCP_PSH_FLAG | RTE_TCP_ECE_FLAG)) != RTE_TCP_ACK_FLAG)
		return "its flags are no others than ACK, PSH and ECE, or not all segments' at "
		       "once";
	return cut_judge_ip(m, tcp);
}

/* ---- cutting -------------------------------------------------------------------------- */

/* Segment number 'i', complete. */
static struct rte_mbuf *
cut_segment(struct cut_port *self, const struct rte_mbuf *m, unsigned int i, bool last)
{
	uint32_t headers = m->l2_len + m->l3_len + m->l4_len, offset = i * m->tso_segsz;
	bool v4 = m->ol_flags & RTE_MBUF_F_TX_IPV4;
	struct rte_mbuf *s = rte_pktmbuf_alloc(self->config.pool);
	uint8_t *p = s ? (uint8_t *)rte_pktmbuf_append(s, headers + m->tso_segsz) : NULL;
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(p + m->l2_len + m->l3_len);
	const void *from;

	if (p == NULL) {
		fprintf(stderr, "port_cut: no mbuf for a segment\n");
		exit(2);
	}
	memcpy(p, rte_pktmbuf_mtod(m, const void *), headers);
	from = rte_pktmbuf_read(m, headers + offset, m->tso_segsz, p + headers);
	if (from != p + headers)
		memcpy(p + headers, from, m->tso_segsz);
	tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + offset);
	if (!last)
		tcp->tcp_flags &= ~RTE_TCP_PSH_FLAG;
	tcp->cksum = 0;
	if (v4) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(p + m->l2_len);

		ip->total_length = rte_cpu_to_be_16((uint16_t)(s->pkt_len - m->l2_len));
		ip->packet_id = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->packet_id) + i));
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(p + m->l2_len);

		ip->payload_len =
		    rte_cpu_to_be_16((uint16_t)(s->pkt_len - m->l2_len - sizeof(*ip)));
		tcp->cksum = rte_ipv6_udptcp_cksum(ip, tcp);
	}
	return s;
}

static void
cut_flush(struct cut_port *self, spt_time now)
{
	unsigned int sent = 0;

	self->now = now;
	while (sent < self->n_pending) {
		uint16_t n = (uint16_t)RTE_MIN(self->n_pending - sent, (unsigned int)PORT_BURST);
		uint16_t taken = port_tx(self->inner, now, self->pending + sent, n);

		sent += taken;
		if (taken < n)
			break;
	}
	self->n_pending -= sent;
	memmove(self->pending, self->pending + sent, self->n_pending * sizeof(self->pending[0]));
}

static void
cut(struct cut_port *self, struct rte_mbuf *m)
{
	const char *fault = cut_judge(self, m);
	unsigned int n;

	if (fault != NULL) {
		char text[128];

		snprintf(text, sizeof(text), "a large send that no device takes: %s", fault);
		self->config.fault(self->config.arg, text);
		rte_pktmbuf_free(m);
		return;
	}
	n = (m->pkt_len - m->l2_len - m->l3_len - m->l4_len) / m->tso_segsz;
	for (unsigned int i = 0; i < n; i++)
		self->pending[self->n_pending++] = cut_segment(self, m, i, i == n - 1);
	rte_pktmbuf_free(m);
}

/* ---- the port -------------------------------------------------------------------------- */

static uint16_t
cut_tx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct cut_port *self = (struct cut_port *)p;
	uint16_t i;

	cut_flush(self, now);
	for (i = 0; i < n && self->n_pending == 0; i++) {
		if (m[i]->ol_flags & RTE_MBUF_F_TX_TCP_SEG) {
			cut(self, m[i]);
			cut_flush(self, now);
		} else if (port_tx(self->inner, now, &m[i], 1) == 0) {
			break;
		}
	}
	return i;
}

static uint16_t
cut_rx(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct cut_port *self = (struct cut_port *)p;

	cut_flush(self, now);
	return port_rx(self->inner, now, m, n);
}

static spt_time
cut_next_deadline(const struct spt_port *p)
{
	const struct cut_port *self = (const struct cut_port *)p;
	spt_time next = port_next_deadline(self->inner);

	return self->n_pending > 0 ? RTE_MIN(next, self->now + SPT_NS_PER_US) : next;
}

static void
cut_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	spt_port_stats_get(((struct cut_port *)p)->inner, stats);
}

static void
cut_destroy(struct spt_port *p)
{
	struct cut_port *self = (struct cut_port *)p;

	rte_pktmbuf_free_bulk(self->pending, self->n_pending);
	spt_port_destroy(self->inner);
	free(self);
}

static const struct port_ops cut_ops = {
    .rx = cut_rx,
    .tx = cut_tx,
    .next_deadline = cut_next_deadline,
    .stats = cut_stats,
    .destroy = cut_destroy,
};

struct spt_port *
port_cut_create(const struct port_cut_config *config, struct spt_port *inner)
{
	struct cut_port *self = calloc(1, sizeof(*self));

	if (self == NULL)
		abort();
	self->base = *inner;
	self->base.ops = &cut_ops;
	self->base.multi_segment = true;
	self->base.tso = config->tso;
	self->inner = inner;
	self->config = *config;
	return &self->base;
}
