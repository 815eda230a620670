import type { ArgsOf, ProcedureName, RetOf } from '../protocol/procedures.ts';
import type { Session } from '../session.ts';

/** What carries out one procedure. Throws (or rejects with) anything; the dispatcher makes an error reply of it. */
export type Handler<K extends ProcedureName> = (session: Session, args: ArgsOf<K>) => RetOf<K> | Promise<RetOf<K>>;

/** Handlers of a family; the families together must cover the table. */
export type Handlers<K extends ProcedureName = ProcedureName> = { readonly [P in K]: Handler<P> };
