import type { ReactNode } from "react";
import "./Empty.css";

interface EmptyProps {
  /** Hatched where something should be; plain where nothing is the answer. */
  readonly look: "hatched" | "plain";
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** Stands where a chart or a list would, and says why it does not. */
export function Empty({ look, title, children, action }: EmptyProps) {
  return (
    <div className={`empty empty--${look}`}>
      <div className="empty__words">
        <p className="empty__title">{title}</p>
        {children !== undefined && <p className="empty__text">{children}</p>}
        {action}
      </div>
    </div>
  );
}
