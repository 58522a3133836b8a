/* SPDX-License-Identifier: BSD-3-Clause */
/* What --impair takes: any text. What is refused changes nothing and says why. */
#include <errno.h>
#include <string.h>

#include <septet/port.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spt_impair_config config = {.seed = 42}, before = config;
	char error[64] = "", *text = fuzz_text(data, size);
	int rc = spt_impair_parse(text, &config, error, sizeof(error));

	EXPECT(rc == 0 || rc == -EINVAL);
	EXPECT(memchr(error, '\0', sizeof(error)) != NULL);
	if (rc == 0) {
		EXPECT(config.rx.loss_ppm <= 1000000 && config.tx.loss_ppm <= 1000000);
		EXPECT(config.rx.corrupt_ppm <= 1000000 && config.tx.duplicate_ppm <= 1000000);
		EXPECT(config.rx.reorder_ppm <= 1000000 && config.tx.reorder_ppm <= 1000000);
		EXPECT(config.rx.burst_ppm < 1000000 && config.tx.ce_ppm <= 1000000);
		EXPECT(config.rx.burst_frames <= 1000000 && config.tx.buffer_frames <= 1000000);
		EXPECT(config.rx.buffer_frames == 0 || config.rx.buffer_bytes == 0);
	} else {
		EXPECT(error[0] != '\0');
		EXPECT(memcmp(&config, &before, sizeof(config)) == 0);
	}
	free(text);
	return 0;
}
