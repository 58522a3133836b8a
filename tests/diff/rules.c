/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparison, and the rules. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rules.h"

static bool
differs_number(const char *what, uint64_t a, uint64_t b, char *text)
{
	if (a == b)
		return false;
	snprintf(text, 200, "%s: Linux %llu, septet %llu", what, (unsigned long long)a,
	    (unsigned long long)b);
	return true;
}

bool
outcome_differs(const struct outcome *k, const struct outcome *s, char *text)
{
	if (k->state != s->state) {
		snprintf(text, 200, "state: Linux %s, septet %s", spt_state_name(k->state),
		    spt_state_name(s->state));
		return true;
	}
	if (k->error != s->error) {
		snprintf(text, 200, "error: Linux %s, septet %s", strerror(k->error),
		    strerror(s->error));
		return true;
	}
	return differs_number("connection opened", k->opened, s->opened, text) ||
	       differs_number("wrong bytes", k->wrong_bytes, s->wrong_bytes, text) ||
	       differs_number("bytes read", k->read, s->read, text) ||
	       differs_number("bytes written", k->written, s->written, text) ||
	       differs_number("end of stream", k->eof, s->eof, text) ||
	       differs_number("application closed", k->app_closed, s->app_closed, text) ||
	       differs_number(
	           "bytes the peer received", k->peer_received, s->peer_received, text) ||
	       differs_number("FIN to the peer", k->peer_fin, s->peer_fin, text) ||
	       differs_number("RST to the peer", k->peer_rst, s->peer_rst, text) ||
	       differs_number("acknowledged", k->acknowledged, s->acknowledged, text);
}

#define ODD(name, what)                                                                            \
	static bool odd_##name(                                                                    \
	    const struct conversation *c, const struct outcome *k, const struct outcome *s)        \
	{                                                                                          \
		(void)k;                                                                           \
		(void)s;                                                                           \
		return c->odd == what;                                                             \
	}
ODD(stamp_missing, ODD_STAMP_MISSING)
ODD(stamp_one_old, ODD_STAMP_ONE_OLD)
ODD(rst_at_sack, ODD_RST_AT_SACK)
ODD(rst_before_fin, ODD_RST_BEFORE_FIN)
ODD(syn_fin, ODD_SYN_FIN)
ODD(ack_stale, ODD_ACK_STALE)
ODD(ack_before_stream, ODD_ACK_BEFORE_STREAM)
ODD(syn_ack_to_listener, ODD_SYN_ACK_TO_LISTENER)
ODD(close_unread, ODD_CLOSE_UNREAD)
ODD(close_over_gap, ODD_CLOSE_OVER_GAP)
ODD(syn_again, ODD_SYN_AGAIN)
ODD(tsecr, ODD_TSECR)

/* What had arrived, and was acknowledged, when a reset overtook the rest is a matter of pace. */
static bool
reset_overtakes(const struct conversation *c, const struct outcome *k, const struct outcome *s)
{
	(void)c;
	return k->peer_rst && s->peer_rst && k->state == s->state && k->error == s->error &&
	       k->opened == s->opened && k->read == s->read && k->eof == s->eof &&
	       k->written == s->written && k->app_closed == s->app_closed;
}

/* RFC 9293 3.10.7.4, second: of LAST-ACK there is no more to tell than that it is over. */
static bool
rst_in_last_ack(const struct conversation *c, const struct outcome *k, const struct outcome *s)
{
	(void)c;
	return k->error == ECONNRESET && s->error == 0 && k->eof && s->eof && k->read == s->read &&
	       k->state == SPT_CLOSED_STATE && s->state == SPT_CLOSED_STATE;
}

static bool
ack_in_fin_wait_2(const struct conversation *c, const struct outcome *k, const struct outcome *s)
{
	(void)c;
	return k->app_closed && k->state == SPT_TIME_WAIT && s->state == SPT_FIN_WAIT_2 &&
	       k->read == s->read && k->peer_received == s->peer_received;
}

static bool
rst_in_fin_wait_2(const struct conversation *c, const struct outcome *k, const struct outcome *s)
{
	bool rst = false;

	for (unsigned int i = 0; i < c->n; i++)
		rst |= c->step[i].kind == STEP_SEGMENT && (c->step[i].flags & P_RST);
	return rst && k->app_closed && k->state == SPT_CLOSED_STATE && k->read == s->read &&
	       (s->state == SPT_FIN_WAIT_2 || s->state == SPT_TIME_WAIT);
}

static bool
ack_lost_at_close(const struct conversation *c, const struct outcome *k, const struct outcome *s)
{
	struct outcome same = *k;
	char text[200];

	(void)c;
	same.acknowledged = s->acknowledged;
	return k->app_closed && k->state == SPT_FIN_WAIT_2 && k->acknowledged < s->acknowledged &&
	       !outcome_differs(&same, s, text);
}

/* Whether our FIN was out already decides if an abort sends a RST (RFC 9293 3.10.5). */
static bool
abort_overtakes(const struct conversation *c, const struct outcome *k, const struct outcome *s)
{
	bool aborted = false;

	for (unsigned int i = 0; i < c->n; i++)
		aborted |= c->step[i].kind == STEP_ABORT;
	return aborted && k->peer_rst != s->peer_rst && k->state == s->state &&
	       k->read == s->read && k->error == s->error;
}

const struct rule rules[] = {
    {"timestamp-missing", "Linux takes a segment without the timestamp that was agreed on",
        odd_stamp_missing},
    {"timestamp-one-old", "Linux lets a timestamp be older by one", odd_stamp_one_old},
    {"rst-at-sack", "Linux takes a RST behind the last byte that it has SACKed", odd_rst_at_sack},
    {"rst-before-fin", "Linux takes a RST at the peer's FIN", odd_rst_before_fin},
    {"syn-fin", "Linux drops a SYN that has a FIN", odd_syn_fin},
    {"ack-stale", "Linux takes text in order whose ACK is older than any that could be",
        odd_ack_stale},
    {"ack-before-stream", "Linux takes text in order whose ACK lies before its SYN",
        odd_ack_before_stream},
    {"syn-ack-to-listener", "Linux looks at a handshake's ACK before its sequence number",
        odd_syn_ack_to_listener},
    {"close-unread", "what septet handed over counts as received, for Linux what was read",
        odd_close_unread},
    {"close-over-gap", "Linux sends a FIN though text waits behind a gap, septet a RST",
        odd_close_over_gap},
    {"syn-again", "a SYN just at RCV.NXT opens TIME-WAIT again with septet, not with Linux",
        odd_syn_again},
    {"reset-overtakes", "what the peer got before a reset of both ends depends on their pace",
        reset_overtakes},
    {"tsecr-of-syn-ack",
        "in SYN-RECEIVED Linux refuses an ACK that echoes another timestamp than its SYN-ACK's",
        odd_tsecr},
    {"rst-in-last-ack", "a RST in LAST-ACK is an error to Linux, the end to septet",
        rst_in_last_ack},
    {"ack-in-fin-wait-2", "after close Linux takes a FIN in FIN-WAIT-2 whatever it acknowledges",
        ack_in_fin_wait_2},
    {"rst-in-fin-wait-2", "after close Linux takes any RST inside the window in FIN-WAIT-2",
        rst_in_fin_wait_2},
    {"ack-lost-at-close", "a close in FIN-WAIT-2 makes Linux forget the ACK that it delays",
        ack_lost_at_close},
    {"abort-overtakes", "whether a FIN was out when the application aborted depends on the pace",
        abort_overtakes},
};
const unsigned int n_rules = RTE_DIM(rules);

int
rule_find(const struct conversation *c, const struct outcome *k, const struct outcome *s)
{
	for (unsigned int i = 0; i < n_rules; i++) {
		if (rules[i].explains(c, k, s))
			return (int)i;
	}
	return -1;
}
