# The part of the Makefile that builds and runs the tests. Included there: paths are from the top.

.PHONY: unit replay tools threads sanitized threaded musl check servers clean-roots sanitize fuzz fuzzers fuzzers-if-clang reliability bench bench-page

##@ Testing

check: all unit tools sanitized threaded musl fuzzers-if-clang ## run all tests, as root or as an ordinary user
	@tests/run $(O)

servers: all $(O)/tools/sandbox $(O)/tools/mounts ## run all servers of tests/servers with real clients, and write docs/servers.md
	@tests/run $(O) servers

clean-roots: ## remove the small Debians that tests keep in the user's cache folder
	@build=$(O) tests=tests; . tests/roots.sh && roots_remove

# Links the objects and archives that the target depends on. LIBS is the target's own. Threads
# are part of libc since glibc 2.34, as is dlsym.
define link
@mkdir -p $(@D)
$(call say,ld)
$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS) -pthread
endef

# ---- unit tests: each file but unit.c is a program ----

UNIT      := $(filter-out unit,$(basename $(notdir $(wildcard tests/unit/*.c))))
UNIT_LIBS := -Wl,--as-needed -lcmocka -lseccomp

unit: $(UNIT:%=$(O)/unit/%)
$(O)/unit/%: $(call objects,tests/unit/%.c tests/unit/unit.c) $(O)/unit/rooms.a
	$(link)
$(O)/unit/%: LIBS = $(UNIT_LIBS)

# What is tested: of an archive, a program is given only what it calls.
$(O)/unit/rooms.a: $(call rooms,core linux registry program translate notify export) \
	$(call objects,src/cli/describe.c)
	@mkdir -p $(@D)
	$(call say,ar)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# ---- the programs that the other tests run ----

TOOLS := sandbox serve mounts probe probe-static past stress soak soak-static stops hold mortal forbid spawn births \
	badclose.so told told-static told-musl told-go early.so chain.so onlooker.so mute.so wrap.so told-pascal stall late.so resolve uring hooks

tools: $(TOOLS:%=$(O)/tools/%)
$(O)/tools/%: $(call objects,tests/tools/%.c)
	$(link)
$(O)/tools/sandbox: LIBS = -lcap
$(O)/tools/spawn: LIBS = -Wl,--as-needed -ldl
$(O)/tools/resolve: LIBS = -Wl,--as-needed -lresolv -lanl
$(O)/tools/probe $(O)/tools/probe-static: $(call objects,$(wildcard tests/tools/probe*.c) src/linux/sys.c)
$(O)/tools/probe-static:
	$(link)
$(O)/tools/stress: $(call objects,$(wildcard tests/tools/stress*.c))
# The notify engine catches these, and a preload does not.
$(O)/tools/stops $(O)/tools/stall $(O)/tools/births: LIBS = -static
$(O)/tools/soak-static: $(call objects,tests/tools/soak.c)
	$(link)
$(O)/tools/soak-static: LIBS = -static
$(O)/tools/hooks: $(call rooms,core linux)
# This one writes to a registry itself.
$(O)/tools/past: $(call rooms,core linux registry)
# probe has a malloc of its own, beside that of libc.
$(O)/tools/probe-static: LIBS = -static -Wl,--allow-multiple-definition

# The ways to build a program so that a preload passes it by.
$(O)/tools/told-static: LIBS = -static
$(O)/tools/told-musl: LIBS = -Wl,--dynamic-linker=ld-musl-told.so
$(O)/tools/told-go: LIBS = -DTOLD_GO
$(O)/tools/told-pascal: LIBS = -DTOLD_PASCAL
$(addprefix $(O)/tools/,told-static told-musl told-go told-pascal): tests/tools/told.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(filter-out -fPIC,$(ALL_CFLAGS)) -MMD -MP $(LDFLAGS) -o $@ $< $(LIBS)

# Other preloads.
$(O)/tools/%.so: tests/tools/%.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fvisibility=default -MMD -MP -shared $(LDFLAGS) -o $@ $< -ldl

# ---- with sanitizers: in a folder of their own, below that of the build ----

sanitized:
	$(Q)$(MAKE) --no-print-directory O=$(O)/sanitize CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all' unit replay
sanitize: sanitized ## build the unit tests with AddressSanitizer and UBSan, and run them
	set -e; for program in $(UNIT); do $(O)/sanitize/unit/$$program; done

replay: $(O)/fuzz/replay
$(O)/fuzz/replay: $(call objects,tests/fuzz/rules.c tests/fuzz/replay.c) $(call rooms,core)
	$(link)

# A program of musl, and the library built with that: where there is no compiler for it, the suite says so.
musl:
	$(Q)if command -v musl-gcc >/dev/null; then $(MAKE) --no-print-directory O=$(O)/musl CC=musl-gcc all $(O)/musl/tools/probe; fi

# ThreadSanitizer is for machines of 64 bits: where there is none, the suite says so.
threaded:
	$(Q)if echo 'int main(void) { return 0; }' | $(CC) -fsanitize=thread -o /dev/null -x c - 2>/dev/null; then $(MAKE) --no-print-directory O=$(O)/thread CFLAGS='-O1 -g -fsanitize=thread' threads; fi
# The library's objects lie in the program itself: a preload would come before the sanitizer's runtime.
threads: $(O)/tools/threads
$(O)/tools/threads: $(LIBRARY_OBJECTS)
$(O)/tools/threads: LIBS = $(LIBRARY_LIBS)

# ---- not part of check ----

# Each file but input.h and replay.c is a target. FUZZ_ROOMS are those that it calls.
FUZZERS   := rules sockaddr registry program notification

fuzz: fuzzers $(O)/tools/sandbox ## fuzz all that reads hostile bytes, a minute each (clang; FUZZ_SECONDS=60)
	@tests/fuzz/run $(O) $(or $(FUZZ_SECONDS),60) 2 random
fuzzers: $(FUZZERS:%=$(O)/fuzz/%)
# Where clang or its runtime is missing, the suite says so.
fuzzers-if-clang:
	-$(Q)if command -v clang >/dev/null; then $(MAKE) --no-print-directory O=$(O) fuzzers; fi
$(FUZZERS:%=$(O)/fuzz/%): FUZZ_ROOMS = core linux
$(O)/fuzz/registry: FUZZ_ROOMS = core linux registry
$(O)/fuzz/program: FUZZ_ROOMS = core linux program
$(O)/fuzz/notification: FUZZ_ROOMS = core linux registry program translate notify
$(O)/fuzz/notification: LIBS = -Wl,--wrap=ioctl -lseccomp -pthread
$(FUZZERS:%=$(O)/fuzz/%): $(O)/fuzz/%: tests/fuzz/%.c tests/fuzz/input.h $(wildcard src/*/*.[ch]) $(ERRNAMES)
	@mkdir -p $(@D)
	$(call say,fuzz)
	$(Q)clang $(ALL_CPPFLAGS) -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $< $(call sources,$(FUZZ_ROOMS)) $(LIBS)

reliability: all tools fuzzers ## make each fault for minutes, and write docs/reliability.md
	@tests/reliability $(O)

bench: all $(addprefix $(O)/,$(addprefix tools/,sandbox past hooks mounts) $(addprefix bench/,calls calls-static registry supervisor empty.so forward.so)) ## measure what it costs, against native, and fail if a limit is missed (BENCH="LINE..." TURNS=15 BUSY=0)
	@tests/bench/run $(O) $(BENCH)
bench-page: ## write the tables and charts of docs/benchmarks.md from the last 'make bench' and 'make bench BUSY=2'
	@tests/bench/page $(wildcard $(O)/bench/quiet.json) $(wildcard $(O)/bench/busy.json)
$(O)/bench/%: $(call objects,tests/bench/%.c)
	$(link)
$(O)/bench/registry: $(call rooms,core linux registry)
$(O)/bench/supervisor: $(call rooms,core linux registry program translate notify)
$(O)/bench/supervisor: LIBS = -lseccomp -pthread
$(O)/bench/calls-static: $(call objects,tests/bench/calls.c)
	$(link)
$(O)/bench/calls-static: LIBS = -static
$(O)/bench/%.so: tests/bench/%.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,ld)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fvisibility=default -shared $(LDFLAGS) -o $@ $<
