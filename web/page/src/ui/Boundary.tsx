import { Component, type ReactNode } from "react";

/** Shows a fault of the page instead of a blank screen. The navigation stays, and another page starts afresh by `key`. */
export class Boundary extends Component<{ children: ReactNode }, { fault: unknown }> {
  override state = { fault: null as unknown };

  static getDerivedStateFromError(fault: unknown) {
    return { fault };
  }

  override render() {
    if (this.state.fault === null) return this.props.children;
    return (
      <div className="state error" role="alert">
        <p className="state-title">This page has failed.</p>
        <p>{String(this.state.fault)}</p>
        <button type="button" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    );
  }
}
