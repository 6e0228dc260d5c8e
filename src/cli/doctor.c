/* remap doctor: whether remap works here and with a command, and what to do if not. */
#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/effect.h"
#include "cli/finding.h"
#include "cli/loaders.h"
#include "cli/parts.h"
#include "cli/system.h"
#include "cli/taken.h"

static bool is_json, is_verbose;

/* What was found. */
static struct findings all;
static struct program program; /* at the last file that the command runs */
static char decisive[PATH_FOUND_MAX];
static struct verdict verdict = {.engine = VERDICT_NEITHER, .path = decisive};

/* A check changes nothing, and starts nothing that stays. */
static const struct {
    const char *name;
    void (*check)(struct finding *f);
} CHECKS[] = {
    {"library", parts_check_library}, {"table", parts_check_table},
    {"grant", parts_check_grant},     {"registry", parts_check_registry},
    {"ports", system_check_ports},    {"user", system_check_user},
    {"notify", parts_check_notify},   {"io_uring", system_check_io_uring},
};

static void add_ignored(void)
{
    for (enum config_key key = 0; parts.config.ignored >> key != 0; key++) {
        if (parts.config.ignored >> key & 1)
            finding_set(finding_add(&all, "variable"), FINDING_NOTE, "", "%s" CONFIG_IGNORED,
                        config_variable[key]);
    }
}

/* ---- the command ---- */

static void add_file(void)
{
    struct finding *f = finding_add(&all, "command");

    describe_file(&program, &f->text);
    if (!program.privilege.is_ignored)
        return;
    f->state = FINDING_NOTE;
    text_string(&f->text, "; its set-user-ID or set-group-ID bit or file capabilities have no"
                          " effect here");
}

static void add_fault(void)
{
    struct finding *f = finding_add(&all, "command");

    f->state = FINDING_PROBLEM;
    describe_fault(&program, &f->text);
    text_string(&f->way_out, describe_fault_way_out(&program));
}

static const char *const ENGINES[] = {
    [VERDICT_PRELOAD] = "preload",
    [VERDICT_NOTIFY] = "notify",
    [VERDICT_NEITHER] = "none",
};

static void add_engine(void)
{
    struct finding *f = finding_add(&all, "engine");

    bool is_problem = verdict.engine == VERDICT_NEITHER ||
                      (verdict.engine == VERDICT_NOTIFY && parts.support.lack != SUPPORT_COMPLETE);
    if (!is_problem) {
        text_string(&f->text, ENGINES[verdict.engine]);
        text_string(&f->text, ": ");
    }
    describe_reason(&verdict, &f->text);
    if (verdict.engine == VERDICT_NEITHER) {
        f->state = FINDING_PROBLEM;
        text_string(&f->way_out, describe_way_out(&verdict));
    } else if (is_problem) {
        f->state = FINDING_PROBLEM;
        text_string(&f->text, "; and ");
        support_text(&parts.support, &f->text);
        support_way_out(&parts.support, &f->way_out);
    } else if (verdict.engine == VERDICT_PRELOAD && verdict.reason > VERDICT_IS_MUSL_TAKEN) {
        f->state = FINDING_NOTE;
        text_string(&f->way_out, describe_way_out(&verdict));
    }
}

/* What an engine does not catch. */
static const struct {
    enum verdict_engine engine;
    const char *text, *way_out;
} LIMITS[] = {
    {VERDICT_PRELOAD, "system calls made without libc are not caught",
     "for programs that make them, use --engine notify"},
    {VERDICT_PRELOAD,
     "calls of objects that are loaded with RTLD_DEEPBIND (extensions of PHP) or dlmopen, or that "
     "look functions up in libc itself (foreign function interfaces), are not caught",
     "if a server with such parts is refused its port, use --engine notify"},
    {VERDICT_NOTIFY,
     "accept and recvfrom tell a server the actual port of a client on this host that has bound "
     "one",
     ""},
    {VERDICT_NOTIFY, "datagrams sent to an address, without connect, are not remapped",
     "for such a client, use --datagrams: each call then takes some 10 us longer"},
};

static void add_limits(void)
{
    for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
        if (LIMITS[i].engine != verdict.engine)
            continue;
        struct finding *f = finding_add(&all, "limits");
        finding_set(f, FINDING_NOTE, LIMITS[i].way_out, "%s", LIMITS[i].text);
        f->is_general = true;
    }
}

static void examine_command(const char *command)
{
    static char found[PATH_FOUND_MAX];

    verdict.engine = VERDICT_PRELOAD;
    program_begin_command(&program, command, found);
    while (program_next(&program)) {
        verdict.loaders = loaders_find(&program, &parts.config);
        verdict_add(&verdict, &program);
        if (program.error == 0)
            add_file();
    }
    if (program.error != 0) {
        verdict.engine = VERDICT_NEITHER;
        add_fault();
    } else {
        add_engine();
        add_limits();
    }
}

/* ---- the answer ---- */

/* The status that 'remap run' would exit with, if it would not start the command. */
static int find_status(void)
{
    bool is_about_command = program.count == 1 && !program.is_about_loader;

    if (!parts.has_config)
        return STATUS_BAD_TABLE;
    if (is_about_command && program.error != 0)
        return program.error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
    return finding_worst(&all) == FINDING_PROBLEM ? STATUS_NO : STATUS_OK;
}

/* ---- the verdict ---- */

/* Appends what the command will do by the table, as far as that is known without starting it. */
static void append_success(const char *command, struct text *out)
{
    char port[32];
    struct text actual;

    text_init(&actual, port, sizeof(port));
    if (command == NULL) {
        text_string(out, "remap works here");
    } else {
        bool is_known = effect_port(&parts.config.table, &actual);
        text_printable(out, command, strlen(command));
        text_string(out, is_known ? " will run on " : " will work");
        text_string(out, port);
        text_string(out, " by ");
        text_string(out, ENGINES[verdict.engine]);
    }
    text_string(out, ": ");
    effect_text(&parts.config.table, out);
}

static const struct finding *find_needless(void)
{
    for (size_t i = 0; i < all.count; i++) {
        if (all.list[i].is_needless)
            return &all.list[i];
    }
    return NULL;
}

/* `command` is NULL if there is none. */
static void find_verdict(const char *command, struct findings_verdict *v)
{
    const struct finding *first = finding_first(&all), *needless = find_needless();
    struct text *out = &v->line.text;

    finding_init(&v->line, "verdict");
    v->cause = first->state == FINDING_PROBLEM ? first : needless;
    if (first->state == FINDING_PROBLEM) {
        v->line.state = FINDING_PROBLEM;
        text_printable(out, command != NULL ? command : "remap",
                       strlen(command != NULL ? command : "remap"));
        text_string(out, command != NULL ? " will not work: " : " will not work here: ");
        text_string(out, first->text_buf);
        text_string(&v->line.way_out, first->way_out_buf);
    } else if (needless != NULL) {
        text_string(out, "you do not need remap: you already may bind 80, since ");
        text_string(out, needless->text_buf);
    } else if (parts.config.table.count == 0) {
        text_string(out, "remap works here, but there are no rules");
    } else {
        append_success(command, out);
    }
}

static int doctor_main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : NULL;
    static struct findings_verdict line;

    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++)
        CHECKS[i].check(finding_add(&all, CHECKS[i].name));
    add_ignored();
    if (command != NULL)
        examine_command(command);
    taken_check(&all);
    find_verdict(command, &line);
    int status = find_status();
    bool is_caught = verdict.engine != VERDICT_NEITHER;
    if (is_json)
        finding_print_json(&all, &line, status == STATUS_OK,
                           is_caught ? ENGINES[verdict.engine] : NULL);
    else
        finding_print(&all, &line, is_verbose);
    return status;
}

static const struct option_spec OPTIONS[] = {
    {"json", 0, NULL, OPTION_FLAG, &is_json,
     "print JSON: an object with works, verdict, engine and findings"},
    {"verbose", 'v', NULL, OPTION_FLAG, &is_verbose, "print all findings, also what is normal"},
    {0},
};

const struct command doctor_command = {
    .name = "doctor",
    .arguments = "[COMMAND [ARGUMENT]...]",
    .summary = "Find out whether remap will work here, and for a command",
    .details = "Prints the verdict, and a line for each problem and note, with the remedy. With\n"
               "--verbose, prints each finding: its state (ok, note or problem), its subject,\n"
               "what was found, and the remedy. Starts nothing, and changes nothing.\n"
               "Exit status: 0 remap will work, 1 it will not; 64 usage, 78 invalid table,\n"
               "126 the command cannot be executed, 127 it was not found.\n",
    .options = OPTIONS,
    .max_operands = COMMAND_ANY_NUMBER,
    .command_at = 1,
    .main = doctor_main,
};
