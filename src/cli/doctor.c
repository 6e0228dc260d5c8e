/* remap doctor: whether remap works here and with a command, and what to do if not. */
#include <errno.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/doctor_system.h"
#include "cli/finding.h"
#include "cli/message.h"

struct visit {
    struct doctor_system system;
    struct program program; /* at the last file that the command runs */
    struct verdict verdict;
};

/* ---- the command ---- */

static void add_file(const struct program *p, struct findings *all)
{
    struct finding *f = finding_add(all, "command");
    struct text text = finding_text(f);

    describe_file(p, &text);
    if (!p->privilege.is_ignored)
        return;
    f->state = FINDING_NOTE;
    text_string(&text, "; its set-user-ID or set-group-ID bit or file capabilities have no"
                       " effect here");
}

static void add_fault(const struct program *p, struct findings *all)
{
    struct finding *f = finding_add(all, "command");
    struct text text = finding_text(f), way_out = finding_way_out(f);

    f->state = FINDING_PROBLEM;
    describe_fault(p, &text);
    describe_fault_way_out(p, &way_out);
}

static const char *const ENGINES[] = {
    [VERDICT_PRELOAD] = "preload",
    [VERDICT_NOTIFY] = "notify",
    [VERDICT_NEITHER] = "none",
};

static void add_engine(struct visit *v, struct findings *all)
{
    struct finding *f = finding_add(all, "engine");
    struct text text = finding_text(f), way_out = finding_way_out(f);

    text_string(&text, ENGINES[v->verdict.engine]);
    text_string(&text, ": ");
    describe_reason(&v->verdict, &text);
    if (v->verdict.engine == VERDICT_NEITHER) {
        f->state = FINDING_PROBLEM;
        describe_way_out(&v->verdict, &way_out);
    } else if (v->verdict.engine == VERDICT_NOTIFY && v->system.support.lack != SUPPORT_COMPLETE) {
        f->state = FINDING_PROBLEM;
        text_string(&text, "; and ");
        support_text(&v->system.support, &text);
        support_way_out(&v->system.support, &way_out);
    } else if (v->verdict.engine == VERDICT_PRELOAD && v->verdict.reason != VERDICT_IS_DYNAMIC) {
        f->state = FINDING_NOTE;
        describe_way_out(&v->verdict, &way_out);
    }
}

/* What an engine does not catch. */
static const struct {
    enum verdict_engine engine;
    const char *text, *way_out;
} LIMITS[] = {
    {VERDICT_PRELOAD, "system calls made without libc are not caught",
     "for programs that make them, use --engine notify"},
    {VERDICT_NOTIFY,
     "accept and recvfrom tell a server the actual port of a client on this host that has bound "
     "one",
     ""},
    {VERDICT_NOTIFY, "datagrams sent to an address, without connect, are not remapped",
     "for such a client, use --datagrams: each call then takes some 10 us longer"},
};

static void add_limits(enum verdict_engine engine, struct findings *all)
{
    for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
        if (LIMITS[i].engine != engine)
            continue;
        struct finding *f = finding_add(all, "limits");
        finding_set(f, FINDING_NOTE, "%s", LIMITS[i].text);
        finding_set_way_out(f, "%s", LIMITS[i].way_out);
    }
}

static void examine_command(const char *command, struct visit *v, struct findings *all)
{
    static char found[PATH_FOUND_MAX], decisive[PATH_FOUND_MAX];
    struct program *p = &v->program;

    v->verdict = (struct verdict){.engine = VERDICT_PRELOAD, .path = decisive};
    program_begin_command(p, command, found);
    while (program_next(p)) {
        verdict_add(&v->verdict, p);
        if (p->error == 0)
            add_file(p, all);
    }
    if (p->error != 0) {
        v->verdict.engine = VERDICT_NEITHER;
        add_fault(p, all);
        return;
    }
    add_engine(v, all);
    add_limits(v->verdict.engine, all);
}

/* ---- the answer ---- */

/* The status that 'remap run' would exit with, if it would not start the command. */
static int status_of(const struct visit *v, const struct findings *all)
{
    bool is_about_command = v->program.count == 1 && !v->program.is_about_loader;

    if (!v->system.has_config)
        return STATUS_BAD_TABLE;
    if (is_about_command && v->program.error != 0)
        return v->program.error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
    return finding_worst(all) == FINDING_PROBLEM ? STATUS_NO : STATUS_OK;
}

static struct {
    bool is_json;
} options;

static int doctor_main(int argc, char **argv)
{
    static struct findings all;
    static struct visit visit;
    const char *command = argc > 1 ? argv[1] : NULL;

    visit.verdict.engine = VERDICT_NEITHER;
    doctor_system_check(&visit.system, &all);
    if (command != NULL)
        examine_command(command, &visit, &all);
    int status = status_of(&visit, &all);
    bool is_caught = visit.verdict.engine != VERDICT_NEITHER;
    if (options.is_json)
        finding_print_json(&all, status == STATUS_OK,
                           is_caught ? ENGINES[visit.verdict.engine] : NULL);
    else
        finding_print(&all);
    return status;
}

static const struct option_spec OPTIONS[] = {
    {"json", 0, NULL, OPTION_FLAG, &options.is_json,
     "print JSON: an object with works, engine and findings"},
    {0},
};

const struct command doctor_command = {
    .name = "doctor",
    .arguments = "[COMMAND [ARGUMENT]...]",
    .summary = "Find out whether remap will work here, and for a command",
    .details = "Prints a line for each finding: its state (ok, note or problem), its subject,\n"
               "what was found, and the remedy. Starts nothing, and changes nothing.\n"
               "Exit status: 0 remap will work, 1 it will not; 64 usage, 78 invalid table,\n"
               "126 the command cannot be executed, 127 it was not found.\n",
    .options = OPTIONS,
    .max_operands = COMMAND_ANY_NUMBER,
    .takes_command = true,
    .main = doctor_main,
};
