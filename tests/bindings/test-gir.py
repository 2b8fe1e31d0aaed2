#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every binding is made from says all that the C API promises: asynchronous pairs, errors,
nullability, ownership, elements, scopes, properties and signals.

EXTENSION_HOST_GIR is the file that the scanner wrote.
"""

import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))

import tap  # pylint: disable=wrong-import-position
from gir import CORE, GLIB, Namespace, Type  # pylint: disable=wrong-import-position

NAMESPACE = Namespace(os.environ["EXTENSION_HOST_GIR"])
HEADERS = sorted((ROOT / "src" / "extension-host").glob("*.h"))
PUBLIC_HEADERS = [path for path in HEADERS if not path.name.endswith("-private.h")]

# What may be missing without an error that says why. Whatever is added here, callers have to check.
NULLABLE = """
CallFailure.get_data CallFailure.get_exit
Extension.get_error
Invocation.get_params Invocation.get_params_bytes
Manager.get_application_id Manager.get_bus_name Manager.lookup
Process.get_call_failure Process.get_kind Process.get_last_control_failure Process.get_last_exit
Process.get_last_health Process.get_status_text
Spec.get_id
StopOutcome.get_exit
Transition.get_detail Transition.get_requester
""".split()

SIGNALS = {
    "Manager.crashed": ["process: Process", "exit: Exit"],
    "Manager.health-checked": ["process: Process", "health: Health"],
    "Manager.log": ["process: Process", "stream: LogStream", "line: utf8"],
    "Manager.state-changed": ["process: Process", "transition: Transition"],
    "Process.capability-denied": ["method: utf8"],
    "Process.crashed": ["exit: Exit"],
    "Process.health-checked": ["health: Health"],
    "Process.log": ["stream: LogStream", "line: utf8"],
    "Process.notification": ["method: utf8", "params: Json.Node?"],
    "Process.state-changed": ["transition: Transition"],
    "Process.unresponsive": ["health: Health"],
}

# Blocking forms of asynchronous operations, but this one: it only begins to start.
NOT_BLOCKING = ["Process.start"]


def expect_none(wrong, why):
    assert not wrong, "\n".join([why, *(f"  {line}" for line in wrong)])


def asynchronous():
    found = [function for function in NAMESPACE.callables() if function.is_async]
    assert len(found) > 10, found
    return [(NAMESPACE.classes[function.name.split(".")[0]], function) for function in found]


def finish_of(owner, function):
    return owner.callables.get(function.short_name.removesuffix("_async") + "_finish")


@tap.case("each asynchronous method is half of a pair that await and Gio._promisify find")
def test_pairs():
    wrong = []
    for owner, function in asynchronous():
        finish = finish_of(owner, function)
        if not function.short_name.endswith("_async") or finish is None:
            wrong.append(f"{function.name} has no finish function of its name")
            continue
        *_, cancellable, callback, user_data = function.parameters
        taken = [p.type.name for p in finish.parameters if not p.is_out]
        if taken != ["Gio.AsyncResult"] or not finish.throws:
            wrong.append(f"{finish.name} is no finish function")
        if (cancellable.type.name, cancellable.nullable) != ("Gio.Cancellable", True):
            wrong.append(f"{function.name} does not end with a cancellable and a callback")
        if (callback.scope, callback.nullable) != ("async", True) or user_data.name != "user_data":
            wrong.append(f"{function.name}: callback {callback.scope}, {callback.nullable}")
        if function.throws or function.result.type.name != "none":
            wrong.append(f"{function.name} gives something at once")
    expect_none(wrong, "Asynchronous pairs:")
    pairs = {finish_of(*pair).name for pair in asynchronous()}
    lone = [function.name for function in NAMESPACE.callables()
            if function.name.endswith("_finish") and function.name not in pairs]
    expect_none(lone, "Without their other half:")


@tap.case("a blocking form takes what the asynchronous one takes, and gives what that finishes with")
def test_blocking():
    wrong, seen = [], []
    for owner, function in asynchronous():
        blocking = owner.callables.get(function.short_name.removesuffix("_async"))
        if blocking is None or blocking.name in NOT_BLOCKING:
            continue
        seen.append(blocking.name)
        finish = finish_of(owner, function)
        taken = [(p.name, p.signature) for p in function.parameters[:-2]]
        if [(p.name, p.signature) for p in blocking.parameters] != taken:
            wrong.append(f"{blocking.name} takes something else than {function.name}")
        if blocking.result.signature != finish.result.signature or not blocking.throws:
            wrong.append(f"{blocking.name} gives something else than {finish.name}")
    expect_none(wrong, "Blocking forms:")
    assert {"Process.call", "Process.call_bytes", "Process.stop", "Manager.shutdown"} <= set(seen), seen


@tap.case("whatever takes a GError in C throws")
def test_throws():
    text = "".join(path.read_text(encoding="utf-8") for path in PUBLIC_HEADERS)
    declared = re.findall(r"(extension_host_\w+)\s*\(([^;]*?)\)\s*;", text)
    in_c = {name for name, parameters in declared if re.search(r"GError\s*\*\*", parameters)}
    thrown = {function.identifier for function in NAMESPACE.callables() if function.throws}
    assert len(in_c) > 20, in_c
    assert in_c == thrown, sorted(in_c ^ thrown)


@tap.case("what may be missing is nullable, and nothing else")
def test_nullable():
    nullable = {function.name for function in NAMESPACE.callables()
                if function.result.nullable and not function.throws}
    expected = set(NULLABLE)
    assert nullable == expected, sorted(nullable ^ expected)
    wrong = [function.name for function in NAMESPACE.callables()
             if "%NULL" in function.result.doc and "@error" not in function.result.doc and
             not function.result.nullable]
    expect_none(wrong, "Documented to return NULL, but not nullable:")
    wrong = [function.name for function in NAMESPACE.callables()
             if function.throws and function.result.nullable]
    expect_none(wrong, "NULL of these is an error, and bindings throw it:")


@tap.case("containers say what they contain, and every result says who owns it")
def test_containers():
    values = [(f"{function.name} ({value.name or 'result'})", value)
              for function in [*NAMESPACE.callables(), *NAMESPACE.signals()]
              for value in [*function.parameters, function.result]]
    wrong = [name for name, value in values if value.type.is_container and not value.type.elements]
    expect_none(wrong, "Elements of no type:")
    expect_none([name for name, value in values if value.transfer is None], "Of no owner:")
    arrays = {name: str(value.type) for name, value in values if value.type.is_container}
    assert arrays["Process.dup_history (result)"] == "GLib.PtrArray<Transition>", arrays
    assert arrays["Exit.get_log (result)"] == "array<utf8>", arrays
    properties = [f"{owner.name}:{name}" for owner in NAMESPACE.classes.values()
                  for name, element in owner.properties.items()
                  if Type(element).is_container and not Type(element).elements]
    expect_none(properties, "Properties with elements of no type:")


@tap.case("nothing is an untyped pointer but the data of callbacks")
def test_pointers():
    wrong = [f"{function.name} ({value.name or 'result'})"
             for function in [*NAMESPACE.callables(), *NAMESPACE.signals()]
             for value in [*function.parameters, function.result]
             if value.type.name == "gpointer" and value.name != "user_data"]
    expect_none(wrong, "Untyped:")


@tap.case("callbacks say how long they are needed, and have data")
def test_scopes():
    wrong = []
    for function in NAMESPACE.callables():
        for value in function.parameters:
            if not NAMESPACE.is_callback(value.type.name) or value.type.name == "GLib.DestroyNotify":
                continue
            if value.scope is None or value.closure is None:
                wrong.append(f"{function.name} ({value.name}): {value.scope}, data {value.closure}")
            if (value.scope == "notified") != (value.destroy is not None):
                wrong.append(f"{function.name} ({value.name}): nobody frees its data")
    expect_none(wrong, "Callbacks:")
    for callback in NAMESPACE.callbacks.values():
        assert callback.parameters[-1].closure is not None, callback.name


@tap.case("all that is exported can be had in every language")
def test_complete():
    exported = (ROOT / "tests" / "lint" / "symbols.txt").read_text(encoding="utf-8").split()
    types = [enum.get(GLIB + "get-type") for enum in NAMESPACE.enums.values()]
    types += [owner.type_function for owner in NAMESPACE.classes.values()]
    known = {function.identifier for function in NAMESPACE.callables() if function.introspectable}
    missing = [name for name in exported if name.startswith("extension_host_") and
               name not in known and name not in types]
    expect_none(missing, "Not introspected:")
    hidden = [function.name for function in NAMESPACE.callables() if not function.introspectable]
    expect_none(hidden, "Not introspectable:")


@tap.case("the constants are there, with their values")
def test_constants():
    values = {name: (Type(element).name, element.get("value"))
              for name, element in NAMESPACE.constants.items()}
    assert values["NO_TIMEOUT"] == ("guint", str(2 ** 32 - 1)), values
    assert {"MAJOR_VERSION", "MINOR_VERSION", "MICRO_VERSION", "VERSION_S"} <= set(values), values


@tap.case("errors have their domains, and enumerations names")
def test_enums():
    domains = {name: enum.get(GLIB + "error-domain") for name, enum in NAMESPACE.enums.items()
               if enum.get(GLIB + "error-domain")}
    assert domains == {"Error": "extension-host-error-quark",
                       "RpcError": "extension-host-rpc-error-quark"}, domains
    wrong = []
    for name, enum in NAMESPACE.enums.items():
        if enum.get(GLIB + "get-type") is None:
            wrong.append(f"{name} is no registered type")
        for member in enum.findall(CORE + "member"):
            if member.get(GLIB + "nick") != member.get("name").replace("_", "-"):
                wrong.append(f"{name}.{member.get('name')}: {member.get(GLIB + 'nick')}")
    expect_none(wrong, "Enumerations:")
    named = {name for name, enum in NAMESPACE.enums.items()
             if "to_string" in [f.get("name") for f in enum.findall(CORE + "function")]}
    assert named == {"State", "Reason"}, named


@tap.case("records can be copied and freed")
def test_boxed():
    boxed = {owner.name: owner for owner in NAMESPACE.classes.values() if owner.is_boxed}
    assert set(boxed) == {"CallFailure", "Exit", "Health", "ShutdownReport", "StopOutcome",
                          "Transition"}, set(boxed)
    wrong = [name for name, owner in boxed.items()
             if owner.callables["ref"].result.signature != (name, False, "full") or
             "unref" not in owner.callables]
    expect_none(wrong, "Records without references:")


@tap.case("properties and their accessors know each other")
def test_properties():
    wrong = []
    for owner in NAMESPACE.classes.values():
        for name, element in owner.properties.items():
            getter = owner.callables.get("get_" + name.replace("-", "_"))
            setter = owner.callables.get("set_" + name.replace("-", "_"))
            if getter is not None and getter.short_name != element.get("getter"):
                wrong.append(f"{owner.name}:{name} does not know its getter")
            if getter is not None and getter.element.get(GLIB + "get-property") != name:
                wrong.append(f"{getter.name} does not know its property")
            if getter is not None and str(getter.result.type).replace("filename", "utf8") != \
                    str(Type(element)).replace("filename", "utf8"):
                wrong.append(f"{getter.name} gives {getter.result.type}, not {Type(element)}")
            if setter is not None and setter.short_name != element.get("setter"):
                wrong.append(f"{owner.name}:{name} does not know its setter")
            # A description has properties only, and those of GListModel have its own getters.
            if getter is None and owner.name != "Spec" and name not in ("item-type", "n-items"):
                wrong.append(f"{owner.name}:{name} has no getter")
    expect_none(wrong, "Properties:")


@tap.case("signals name what they tell")
def test_signals():
    found = {signal.name: [f"{p.name}: {p.type}{'?' if p.nullable else ''}" for p in signal.parameters]
             for signal in NAMESPACE.signals()}
    assert found == SIGNALS, found
    detailed = sorted(signal.name for signal in NAMESPACE.signals()
                      if signal.element.get("detailed") == "1")
    assert detailed == ["Manager.crashed", "Manager.health-checked", "Manager.log",
                        "Manager.state-changed", "Process.notification"], detailed


tap.run()
