/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The oldest acknowledgment that is believed (RFC 5961 5.2): MAX.SND.WND below SND.UNA, not before
 * our SYN, on streams so long that numbers come round to the ISS again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tcp/internal.h>

/* 'una' bytes are acknowledged, in steps of 'step', as far as 20 GiB. */
static void
walk(uint32_t iss, uint32_t wnd, uint32_t step)
{
	struct conn c = {.iss = iss, .snd_una = iss + 1, .snd_wnd_max = wnd};

	for (uint64_t una = 1; una < (uint64_t)20 << 30; una += step) {
		uint64_t oldest = una < wnd ? 0 : una - wnd;

		conn_advance_una(&c, iss + (uint32_t)una);
		assert_int_equal(conn_oldest_ack(&c), iss + (uint32_t)oldest);
	}
}

static void
test_long_stream(void **state)
{
	static const uint32_t iss[] = {0, 1, 0x7fffffff, 0x80000000, UINT32_MAX};
	static const uint32_t wnd[] = {0, 1, 65535, 65535u << 14};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(iss); i++)
		for (unsigned int w = 0; w < RTE_DIM(wnd); w++) {
			walk(iss[i], wnd[w], 1 << 16);
			walk(iss[i], wnd[w], (1 << 30) - 7);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_long_stream)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
