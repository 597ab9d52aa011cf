"""The symbolic core: graphs, operations, rewriting and differentiation, on NumPy alone.

Four floors, each of which imports only those below it: A (graph, types, variables, shared variables, constants), B
(`ops`), C (patterns, rules, the driver, traces, programs), D (`rules`, `grad`, `reference`, `text`, `view`).

Read next: `graph`.
"""
